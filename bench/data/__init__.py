"""A labelled set: documents, queries, judgements, slices. `formats` read and write it, `check` looks for faults."""
