"""From documents without labels to a verdict: queries, what to judge, grades, what they say, how far to trust them."""
