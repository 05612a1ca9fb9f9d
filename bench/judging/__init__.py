"""From no labels to a verdict: what to judge, what the judgements say, when they are enough. Arrays in, answers out."""
