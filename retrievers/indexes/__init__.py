"""Approximate nearest neighbours: vectors found sooner, or kept in fewer bytes, than by exact search."""
