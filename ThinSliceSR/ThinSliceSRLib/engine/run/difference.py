"""What the network added: a DLS volume minus the BIS volume of the same thick slices, in HU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..volumes.volume import Volume


def difference_of(dls: Volume, bis: Volume) -> Volume:
    """DLS - BIS in HU (int16) on the grid of both, which is the same; beyond what int16 holds, its ends."""
    return replace(dls, hu=difference_of_values(dls.hu, bis.hu))


def difference_of_values(dls: np.ndarray, bis: np.ndarray) -> np.ndarray:
    """DLS - BIS (k, j, i) as int16; slice by slice, so that no wider copy of a whole volume is in memory."""
    ends = np.iinfo(np.int16)
    difference = np.empty(dls.shape, np.int16)
    for of_result, of_dls, of_bis in zip(difference, dls, bis, strict=True):
        of_result[...] = np.clip(np.rint(of_dls.astype(np.float32) - of_bis), ends.min, ends.max)
    return difference
