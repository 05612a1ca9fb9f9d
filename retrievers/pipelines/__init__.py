"""Retrievers made of retrievers."""
