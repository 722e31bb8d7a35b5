"""Outputs: what a run writes stands under its names only when all of it is whole, or not at all."""
