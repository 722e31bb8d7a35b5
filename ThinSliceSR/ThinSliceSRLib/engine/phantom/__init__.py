"""A chest phantom of our own."""
