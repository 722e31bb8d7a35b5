"""A mesh in the plane: what repeats every second voxel, though the patient does not."""

from __future__ import annotations

import numpy as np

LUNG_AIR_HU = -950.0


def mesh(hu: np.ndarray) -> float:
    """How unlike the finest texture is in squares of 2×2 voxels that begin on even and on odd rows and columns.

    Of the squared differences of one diagonal from the other, the largest of the four means over the least; 1 where all
    squares are alike. True slices need not be at 1 (1.01 and 1.23 in two chest CTs), so compare with them. Networks
    that work on places of 2×2 voxels can make less texture within places than across them.
    hu: (k, j, i); squares in air do not count.
    """
    sums, counts = np.zeros((2, 2)), np.zeros((2, 2))
    for slice_ in hu:
        values = slice_.astype(np.float32)
        diagonals = np.square(np.diff(np.diff(values, axis=0), axis=1))
        inside = values[:-1, :-1] > LUNG_AIR_HU
        for j in (0, 1):
            for i in (0, 1):
                part = inside[j::2, i::2]
                sums[j, i] += diagonals[j::2, i::2][part].sum()
                counts[j, i] += part.sum()
    energies = sums / np.maximum(counts, 1)
    return float(energies.max() / energies.min()) if energies.min() > 0 else float("nan")
