"""Work on all voxels of a volume in pieces of one slice, so that others can do theirs in between."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")


def whole(work: Generator[None, None, T]) -> T:
    """What the work returns, done without a break."""
    while True:
        try:
            next(work)
        except StopIteration as ended:
            result: T = ended.value
            return result


def each_slice(
    work: Callable[..., np.ndarray], kind: npt.DTypeLike, *volumes: np.ndarray
) -> Generator[None, None, np.ndarray]:
    """What `work` makes of the slices of these arrays (slices, rows, columns), as an array of this type."""
    made = np.empty(volumes[0].shape, kind)
    for k, slices in enumerate(zip(*volumes, strict=True)):
        made[k] = work(*slices)
        yield
    return made
