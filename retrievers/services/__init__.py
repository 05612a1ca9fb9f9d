"""Retrievers that ask a service over the network."""
