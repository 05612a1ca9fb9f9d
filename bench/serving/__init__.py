"""A page with a server of its own, for one person on this machine."""
