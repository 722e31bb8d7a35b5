"""Findings: whether an input or a volume is fit to be synthesised, and what asks for care."""
