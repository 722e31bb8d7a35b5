"""Evaluation: how near a volume comes to the truth."""
