"""Runs: a thick volume's thin slices, the search for places to doubt, and the one of them that goes on."""
