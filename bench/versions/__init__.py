"""Two versions of the code, timed in alternating blocks in one job: is head slower than base? (docs/ab.md)"""
