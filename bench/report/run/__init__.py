"""A stored run as tables, charts and texts."""
