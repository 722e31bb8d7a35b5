"""Volumes brought to one grid without changing a value: the slices that all of them have, in the patient's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import numpy as np

from ..errors import UnusableInput
from ..volumes.volume import Volume

TOLERANCE_MM = 1e-3


def in_patient_order(volume: Volume) -> Volume:
    """The same volume stored so that i, j, k run along the axes nearest to left, posterior, head (either way round).

    So planes of one k are axial, of one j coronal, of one i sagittal.
    """
    along = np.abs(np.asarray(volume.direction))
    return volume.permuted(max(permutations(range(3)), key=lambda axes: along[range(3), axes].sum()))


def common_slices(truth: Volume, candidates: Mapping[str, Volume]) -> tuple[slice, dict[str, Volume]]:
    """The slices of the truth (of k) that every candidate has, and the candidates cut to them.

    Each candidate must lie on the truth's rows and columns, its slices on slices of the truth, all within 1e-3 mm.
    Raises UnusableInput (`different_grids`) otherwise, naming the candidate.
    """
    firsts = {name: _first_slice(name, candidate, truth) for name, candidate in candidates.items()}
    start = max(firsts.values())
    stop = min(firsts[name] + len(candidate.hu) for name, candidate in candidates.items())
    if stop <= start:
        raise UnusableInput(
            "The volumes to compare have no slice in common; compare them one by one.", "different_grids"
        )
    cut = {
        name: slices_of(candidate, slice(start - firsts[name], stop - firsts[name]))
        for name, candidate in candidates.items()
    }
    return slice(start, stop), cut


def slices_of(volume: Volume, kept: slice) -> Volume:
    """The volume of some neighbouring slices (of k), at their place."""
    step = np.asarray(volume.direction)[:, 2] * volume.spacing_mm[2]
    x, y, z = (np.asarray(volume.origin_mm) + kept.start * step).tolist()
    return replace(volume, hu=volume.hu[kept], origin_mm=(x, y, z))


def _first_slice(name: str, candidate: Volume, truth: Volume) -> int:
    """The truth's slice on which the first slice of the candidate lies."""
    if candidate.size[:2] != truth.size[:2]:
        raise _not_on_grid(name, f"its slices have {_pixels(candidate)} pixels, those of the truth {_pixels(truth)}")
    axes = np.asarray(truth.direction) * truth.spacing_mm
    candidate_axes = np.asarray(candidate.direction) * candidate.spacing_mm
    place = np.linalg.solve(axes, np.asarray(candidate.origin_mm) - truth.origin_mm)
    first = round(place[2])
    off = np.linalg.norm(np.asarray(candidate.origin_mm) - truth.origin_mm - first * axes[:, 2])
    if off > TOLERANCE_MM:
        raise _not_on_grid(name, f"its first voxel lies {off:.3g} mm off the nearest slice of the truth")
    drift = (np.linalg.norm(candidate_axes - axes, axis=0) * (np.array(candidate.size) - 1)).max()
    if drift > TOLERANCE_MM:
        raise _not_on_grid(name, f"its spacing or direction differs, by {drift:.3g} mm at the far end")
    if first < 0 or first + len(candidate.hu) > len(truth.hu):
        raise _not_on_grid(name, "it reaches beyond the first or the last slice of the truth")
    return first


def _pixels(volume: Volume) -> str:
    return f"{volume.size[0]} × {volume.size[1]}"


def _not_on_grid(name: str, reason: str) -> UnusableInput:
    return UnusableInput(
        f"{name} cannot be compared with the truth: {reason}; synthesise it from a thick volume of this truth.",
        "different_grids",
    )
