"""Retrievers that match terms."""
