"""Synthesis: thick slices to thin ones, cube by cube, and the interpolation that it is compared with."""
