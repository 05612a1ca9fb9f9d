"""A run: who takes part, workers, timing, and the loop over sets and retrievers."""
