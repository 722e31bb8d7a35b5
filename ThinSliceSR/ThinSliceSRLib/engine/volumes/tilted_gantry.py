"""Slices of a tilted gantry, whose stack leans, moved within their planes onto an upright grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .geometry import SHEAR_TOLERANCE_DEGREES, shear_degrees
from .hounsfield import AIR_HU
from .volume import Volume

MOST_DEGREES = 30.0
DIGITS = 6  # of the shift of a slice, in pixels


def lean_degrees(volume: Volume) -> float:
    """How far the stack leans: the angle between the axis through the slices and their normal; 0 where it does not.

    Also 0 when rows and columns themselves are at no right angle, which moving whole slices cannot mend.
    """
    direction = np.asarray(volume.direction, float)
    axis = volume.through_plane_axis
    in_plane = [direction[:, other] / np.linalg.norm(direction[:, other]) for other in range(3) if other != axis]
    if abs(float(in_plane[0] @ in_plane[1])) > np.sin(np.radians(SHEAR_TOLERANCE_DEGREES)):
        return 0.0
    return shear_degrees(np.column_stack([*_orthogonal(in_plane), direction[:, axis]]))


def is_correctable(volume: Volume) -> bool:
    """Whether the stack leans, by a tilt that gantries have."""
    return SHEAR_TOLERANCE_DEGREES < lean_degrees(volume) <= MOST_DEGREES


def upright(volume: Volume) -> Volume:
    """The volume on an upright grid; itself if its stack does not lean, see `is_correctable`.

    Rows, columns and the first slice stay where they are; the others are moved within their planes, linearly between
    pixels, to where the normal through the first one meets them, and the distance of the slices becomes that along the
    normal. The grid is widened so that no voxel is lost; what was never scanned is air.
    """
    if not is_correctable(volume):
        return volume
    axis = volume.through_plane_axis
    stacked = volume.stacked_along_k(axis)
    direction = np.asarray(stacked.direction, float)
    row, column = _orthogonal([direction[:, 0], direction[:, 1]])
    step = direction[:, 2] * stacked.spacing_mm[2]
    normal = np.cross(row, column)
    normal *= np.sign(normal @ step)
    # In pixels along columns (i) and rows (j), slice by slice.
    numbers = np.arange(len(stacked.hu))
    shifts = np.stack(
        [numbers * float(step @ row) / stacked.spacing_mm[0], numbers * float(step @ column) / stacked.spacing_mm[1]], 1
    )
    shifts = np.round(shifts, DIGITS)
    before = np.ceil(np.maximum(-shifts, 0).max(axis=0)).astype(int)
    after = np.ceil(np.maximum(shifts, 0).max(axis=0)).astype(int)
    i, j, _ = stacked.size
    moved = np.full((len(stacked.hu), j + before[1] + after[1], i + before[0] + after[0]), AIR_HU, np.float32)
    for k, (along_i, along_j) in enumerate(shifts + before):
        _put(moved[k], stacked.hu[k], along_i, along_j)
    hu = moved if np.issubdtype(volume.hu.dtype, np.floating) else np.rint(moved).astype(volume.hu.dtype)
    origin = np.asarray(stacked.origin_mm) - before[0] * stacked.spacing_mm[0] * row
    origin = origin - before[1] * stacked.spacing_mm[1] * column
    x, y, z = (float(value) for value in origin)
    straight = replace(
        stacked,
        hu=hu,
        spacing_mm=(*stacked.spacing_mm[:2], float(step @ normal)),
        origin_mm=(x, y, z),
        direction=np.column_stack([row, column, normal]),
        acquisition=replace(volume.acquisition, tilt_degrees=lean_degrees(volume)),
    )
    axes = (*(other for other in range(3) if other != axis), axis)
    return straight.permuted(tuple(int(index) for index in np.argsort(axes)))


def _orthogonal(in_plane: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The unit vectors of rows and columns, exactly at right angles."""
    row = in_plane[0] / np.linalg.norm(in_plane[0])
    column = in_plane[1] - (in_plane[1] @ row) * row
    return row, column / np.linalg.norm(column)


def _put(target: np.ndarray, slice_: np.ndarray, along_i: float, along_j: float) -> None:
    """Puts a slice (rows, columns) into a larger one of air, moved by so many pixels."""
    whole_i, whole_j = int(np.floor(along_i)), int(np.floor(along_j))
    part_i, part_j = along_i - whole_i, along_j - whole_j
    rows, columns = slice_.shape
    above_air = slice_.astype(np.float32) - AIR_HU
    for shift_j, weight_j in ((0, 1 - part_j), (1, part_j)):
        for shift_i, weight_i in ((0, 1 - part_i), (1, part_i)):
            if weight_i * weight_j > 0:
                j, i = whole_j + shift_j, whole_i + shift_i
                target[j : j + rows, i : i + columns] += weight_i * weight_j * above_air
