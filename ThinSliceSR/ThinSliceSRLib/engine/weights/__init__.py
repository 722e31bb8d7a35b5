"""Weights: their files, where they lie, how they are fetched, imported and chosen."""
