"""Retrievers that compare vectors, and the encoders that make them."""
