"""Doubt: where thin slices may be wrong, by how much, and which structures that concerns."""
