"""Comparison: thick, BIS, DLS and thin in linked views, faded, flipped, and with overlays."""
