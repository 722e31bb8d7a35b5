"""Noise: the standard deviation within small pieces of homogeneous soft tissue, such as liver and muscle."""

from __future__ import annotations

import numpy as np

from ..errors import UnusableInput

PIECE = 8  # rows and columns
SOFT_TISSUE_HU = (0.0, 150.0)
HOMOGENEOUS_SHARE = 0.25  # of the pieces of soft tissue: those whose mean slice varies least


def homogeneous_pieces(thin: np.ndarray, slices: range) -> np.ndarray:
    """Which pieces (rows, columns of pieces) of these slices of a true thin volume show nothing but noise.

    In the mean of the slices noise is averaged out, so what varies least there is homogeneous.
    Raises UnusableInput when none of it is soft tissue.
    """
    mean = _pieces(thin[slices.start : slices.stop].mean(axis=0))
    soft = (mean.mean(axis=-1) > SOFT_TISSUE_HU[0]) & (mean.max(axis=-1) < SOFT_TISSUE_HU[1])
    soft &= mean.min(axis=-1) > SOFT_TISSUE_HU[0] - 50
    if not soft.any():
        raise UnusableInput("No part of these slices is soft tissue; choose others.", "no_body")
    varies = mean.std(axis=-1)
    return soft & (varies <= np.quantile(varies[soft], HOMOGENEOUS_SHARE))


def noise_hu(slices: np.ndarray, pieces: np.ndarray) -> float:
    """Median standard deviation (HU) within the pieces of slices (k, rows, columns)."""
    return float(np.median([_pieces(hu.astype(np.float32)).std(axis=-1)[pieces] for hu in slices]))


def _pieces(slice_: np.ndarray) -> np.ndarray:
    """(rows, columns) → (rows of pieces, columns of pieces, voxels of a piece), without what is left at the ends."""
    rows, columns = (length // PIECE for length in slice_.shape)
    cut = slice_[: rows * PIECE, : columns * PIECE].reshape(rows, PIECE, columns, PIECE)
    return cut.swapaxes(1, 2).reshape(rows, columns, PIECE * PIECE)
