"""Where the body is: around it lies only air, for which no network is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ..volumes.masks import DENSER_THAN_AIR_HU

EVERY = 4  # voxels in-plane; the body is no smaller, and a sixteenth of them is looked at in a sixteenth of the time
SMALLEST_PART = 0.02  # of the largest: an arm is one, a table, a cable or noise is not
MARGIN = 24  # voxels around the body that still belong to its box

Box = tuple[slice, slice]


@dataclass(frozen=True)
class Body:
    """The boxes that hold the body, slice by slice: whatever lies between its outermost parts, lungs too.

    boxes: for each slice its first row, the row after its last, and the same of columns; all 0 where there is no body.
    matrix: rows and columns of a slice.
    """

    boxes: np.ndarray
    matrix: tuple[int, int]

    @property
    def box(self) -> Box:
        """Rows and columns that hold the body in every slice, and a margin around it."""
        there = self.boxes[self.boxes.any(axis=1)]
        (first_row, first_column), (row, column) = there[:, ::2].min(axis=0), there[:, 1::2].max(axis=0)
        ends = ((first_row, row), (first_column, column))
        rows, columns = (
            slice(max(int(first) - MARGIN, 0), min(int(after) + MARGIN, length))
            for (first, after), length in zip(ends, self.matrix, strict=True)
        )
        return rows, columns

    def touches(self, slices: slice, rows: slice, columns: slice) -> bool:
        """Whether there is body, or its margin, in these slices, rows and columns; all may reach beyond the volume."""
        first_row, row, first_column, column = self.boxes[np.clip(np.r_[slices], 0, len(self.boxes) - 1)].T
        overlapping = (first_row - MARGIN < rows.stop) & (rows.start < row + MARGIN)
        overlapping &= (first_column - MARGIN < columns.stop) & (columns.start < column + MARGIN)
        return bool((overlapping & (row > 0)).any())


def find_body(hu: np.ndarray) -> Body | None:
    """The body in HU (slices, rows, columns): all that is denser than air and no small piece by itself.

    None where nothing is: then nobody can tell what is air around a body.
    """
    dense = (hu[:, ::EVERY, ::EVERY] > DENSER_THAN_AIR_HU).astype(np.uint8)
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(sitk.GetImageFromArray(dense)))  # the largest is 1
    labels = sitk.GetArrayFromImage(parts)
    voxels = np.bincount(labels.ravel())
    if len(voxels) == 1:
        return None
    body = (labels > 0) & (labels <= np.count_nonzero(voxels[1:] >= SMALLEST_PART * voxels[1]))
    rows, columns = (_ends(np.any(body, axis=axis)) * EVERY for axis in (2, 1))
    matrix = hu.shape[1:]
    boxes = np.concatenate([np.minimum(ends, length) for ends, length in zip((rows, columns), matrix, strict=True)], 1)
    return Body(boxes, matrix)


def _ends(lines: np.ndarray) -> np.ndarray:
    """For each slice of (slices, lines) the first line that holds something and the one after the last, or 0 and 0."""
    first = lines.argmax(axis=1)
    after = lines.shape[1] - lines[:, ::-1].argmax(axis=1)
    return np.stack((first, after), axis=1) * np.any(lines, axis=1)[:, None]
