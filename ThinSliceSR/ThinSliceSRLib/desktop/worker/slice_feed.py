"""Brings slices from the worker's files into volume nodes, piece by piece, while the GUI goes on answering."""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...engine.volumes.hounsfield import to_int16_hu
from .piecework import Piecework

# One piece is copied in a few milliseconds.
PIECE_BYTES = 4_000_000
INTERPOLATED_PIECE_BYTES = 500_000
LEAST_HU = np.float32(-1024)  # what lies below is padding
# Showing a large volume in nine views takes 70 ms (measured in Slicer 5.13), so it is not done after every piece.
SHOW_EVERY_S = 0.5


@dataclass(frozen=True)
class RawSlices:
    """The int16 values at the end of an uncompressed file: (k, j, i), slices along `slice_axis` (of i, j, k)."""

    file: Path
    shape: tuple[int, int, int]
    slice_axis: int

    @property
    def whole(self) -> bool:
        """Whether all of them are in the file."""
        return self.file.exists() and self.file.stat().st_size >= 2 * int(np.prod(self.shape))

    def read(self, first: int, stop: int) -> np.ndarray:
        """Slices first…stop − 1, the slice axis first. Raises OSError.

        The file is open only meanwhile, because Windows does not remove files that are open.
        """
        offset = self.file.stat().st_size - 2 * int(np.prod(self.shape))
        if offset < 0:
            raise OSError(errno.EIO, "the file is too short")
        values = np.memmap(self.file, np.dtype("<i2"), mode="r", offset=offset, shape=self.shape)
        return np.array(np.moveaxis(values, 2 - self.slice_axis, 0)[first:stop])


@dataclass(frozen=True)
class InterpolatedSlices:
    """Thin slices between thick ones, linear: something to look at until there is better.

    thick: HU of any type, slices first. ratio: thin slices for a step from one thick slice to the next.
    """

    thick: np.ndarray
    ratio: int

    @property
    def count(self) -> int:
        return self.ratio * (len(self.thick) - 1) + 1

    def read(self, first: int, stop: int) -> np.ndarray:
        """Slices first…stop − 1 in int16 HU."""
        places = np.arange(first, stop) / self.ratio
        before = np.minimum(places.astype(int), len(self.thick) - 2)
        slices = [self._between(k, np.float32(share)) for k, share in zip(before, places - before, strict=True)]
        return to_int16_hu(np.stack(slices))

    def _between(self, k: int, share: np.float32) -> np.ndarray:
        first, second = (np.maximum(values.astype(np.float32), LEAST_HU) for values in self.thick[k : k + 2])
        return np.nan_to_num(first + (second - first) * share)


class SliceFeed:
    """Copies slices into arrays of volume nodes whenever Slicer has nothing else to do, and shows them now and then."""

    def __init__(self, show: Callable[[], None], on_failed: Callable[[Exception], None]) -> None:
        """show: tells Slicer that voxels have changed. on_failed: a turn has failed, and the feed has stopped."""
        self._show = show
        self._on_failed: Callable[[Exception], None] | None = on_failed
        self._waiting: deque[tuple[RawSlices | InterpolatedSlices, int, int, np.ndarray] | Callable[[], None]] = deque()
        self._unseen = False
        self._next_show = 0.0
        self._work: Piecework | None = None

    def add(self, source: RawSlices | InterpolatedSlices, first: int, stop: int, target: np.ndarray) -> None:
        """Copies slices first…stop − 1 into the same places of `target`, whose first axis is the slice axis."""
        if first >= stop:
            return
        size = PIECE_BYTES if isinstance(source, RawSlices) else INTERPOLATED_PIECE_BYTES
        piece = max(1, size // target[0].nbytes)
        for start in range(first, stop, piece):
            self._waiting.append((source, start, min(start + piece, stop), target))
        self._go_on()

    def then(self, action: Callable[[], None]) -> None:
        """Calls `action` once everything added so far is copied and shown."""
        self._waiting.append(action)
        self._go_on()

    def stop(self) -> None:
        """Forgets what waits."""
        self._waiting.clear()
        if self._work is not None:
            self._work.stop()

    def close(self) -> None:
        """Stops for good. PythonQt keeps this object for the session, so it must not keep the volumes."""
        self.stop()
        self._show = lambda: None
        self._on_failed = None

    def _go_on(self) -> None:
        if self._work is None or not self._work.going_on:
            self._work = Piecework(self._turns(), lambda _nothing: None, self._failed)

    def _failed(self, error: Exception) -> None:
        self.stop()
        assert self._on_failed is not None  # after `close` the work has stopped
        self._on_failed(error)

    def _turns(self) -> Generator[None, None, None]:
        while self._waiting or self._unseen:
            self._take_turn()
            yield

    def _take_turn(self) -> None:
        """Copies a piece, or shows what was copied, or takes the next action."""
        next_one = self._waiting[0] if self._waiting else None
        if self._unseen and (not isinstance(next_one, tuple) or time.monotonic() >= self._next_show):
            self._unseen = False
            self._show()
            self._next_show = time.monotonic() + SHOW_EVERY_S
        elif isinstance(next_one, tuple):
            source, first, stop, target = next_one
            self._waiting.popleft()
            target[first:stop] = source.read(first, stop)
            self._unseen = True
        elif next_one is not None:
            self._waiting.popleft()
            next_one()
