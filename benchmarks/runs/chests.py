"""Volumes to measure with: chests of any size, quickly made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from ThinSliceSRLib.engine.phantom.chest import chest_phantom
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume

FIELD_MM, SLAB_MM = 380.0, 5.0
DRAWN_MATRIX, DRAWN_SLICES = 256, 12
NOISE_HU = 12.0


def drawn_chest() -> Volume:
    """Slices through the middle of the phantom's chest, without noise: (12, 256, 256).

    They are thin, which is drawn in a fifth of the time, and serve as thick ones: times depend on where air is alone.
    """
    spacing = FIELD_MM / DRAWN_MATRIX
    return chest_phantom((spacing, spacing, 1.0), (DRAWN_MATRIX, DRAWN_MATRIX, DRAWN_SLICES), noise_hu=0)


def chest_of(size: tuple[int, int, int], drawn: Volume) -> Volume:
    """A chest of this size (columns, rows, slices), int16 HU, with the drawn one's field of view.

    Beyond the drawn slices they come again, back and forth; larger matrices repeat pixels. Noise that no two voxels
    share makes its files as hard to compress as those of scanners. As much of it is air as in any chest, which matters
    where air is left out.
    """
    columns, rows, slices = size
    there_and_back = [*range(len(drawn.hu)), *range(len(drawn.hu) - 2, 0, -1)]
    k = [there_and_back[index % len(there_and_back)] for index in range(slices)]
    j, i = (
        np.arange(count) * length // count for count, length in zip((rows, columns), drawn.hu.shape[1:], strict=True)
    )
    random = np.random.default_rng(0)
    hu = np.empty((slices, rows, columns), np.int16)
    for index, source in enumerate(k):  # by slice: whole volumes in float would take four times their memory
        plane = drawn.hu[source][np.ix_(j, i)] + NOISE_HU * random.standard_normal((rows, columns), np.float32)
        hu[index] = np.clip(np.rint(plane), -1024, 3071)
    spacing = (drawn.spacing_mm[0] * drawn.size[0] / columns, drawn.spacing_mm[1] * drawn.size[1] / rows)
    return replace(drawn, hu=hu, spacing_mm=(*spacing, SLAB_MM))


def phantom_scan() -> Volume:
    """The phantom as a scanner would have stored it in 5 mm slices, with nodules, vessels and noise."""
    return simulate_thick(chest_phantom(), SlabProfile(SLAB_MM, SLAB_MM))
