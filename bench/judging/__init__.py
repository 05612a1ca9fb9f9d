"""From no labels to a verdict: what to judge, what the judgements say, when they are enough. Arrays in, answers out."""
"""From documents without labels to a set that can be measured on: queries, grades, and how far to trust them."""
