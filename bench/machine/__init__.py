"""Clock, gauge, percentiles, memory, environment: what is true of the machine and not of retrieval."""
