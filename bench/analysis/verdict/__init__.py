"""What to use, how sure that is, and what would make it surer."""
