"""The folder of a stored run: its files, cells and tables."""
