"""What the network added: a DLS volume minus the BIS volume of the same thick slices, in HU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..volumes.volume import Volume


def difference_of(dls: Volume, bis: Volume) -> Volume:
    """DLS - BIS in HU (int16) on the grid of both, which is the same; beyond what int16 holds, its ends."""
    return replace(dls, hu=difference_of_values(dls.hu, bis.hu))


def difference_of_values(dls: np.ndarray, bis: np.ndarray) -> np.ndarray:
    """DLS - BIS (k, j, i) as int16."""
    difference = np.empty(dls.shape, np.int16)
    for _slice in subtract_in_pieces(dls, bis, difference):
        pass
    return difference


def subtract_in_pieces(dls: np.ndarray, bis: np.ndarray, difference: np.ndarray) -> Iterator[None]:
    """Writes DLS - BIS into `difference` (int16; all three are k, j, i), a slice up to each `yield`.

    So no wider copy of a whole volume is in memory.
    """
    ends = np.iinfo(np.int16)
    for of_result, of_dls, of_bis in zip(difference, dls, bis, strict=True):
        hu = np.subtract(of_dls, of_bis, dtype=np.float32)
        of_result[...] = np.clip(np.rint(hu, out=hu), ends.min, ends.max, out=hu)
        yield
