"""A stored run -> something a person reads. One file per form; none computes a figure."""
