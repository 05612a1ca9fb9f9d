"""Arrays in, values and their certainty out: measures, intervals, tests, power, pairs. Knows no set and no disk."""
