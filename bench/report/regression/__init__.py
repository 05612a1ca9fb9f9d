"""A comparison of two stored runs as tables and files."""
