"""What the results of a run show while they are made: interpolated slices, BIS, finished slices, at last the files."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import slicer

from ...engine.devices.main_memory import THIN_PER_THICK
from ...engine.events.told import Progressed, SynthesisStarted
from ..scene.result_nodes import ResultNodes
from ..scene.result_volume import ResultGrid
from ..scene.volume_nodes import volume_of
from ..worker.slice_feed import InterpolatedSlices, RawSlices, SliceFeed
from .run_facts import grid_of, raw_slices


class GrowingResults:
    """Fills the result volumes in short turns from what the worker has written into its folder."""

    def __init__(
        self,
        results: ResultNodes,
        wants_bis: bool,
        folder: Path,
        on_visible: Callable[[], None],
        on_failed: Callable[[Exception], None],
    ) -> None:
        """on_visible: there is something to look at; comes once. on_failed: a turn has failed, and nothing follows."""
        self._results = results
        self._wants_bis = wants_bis
        self._folder = folder
        self._on_visible = on_visible
        self._first_look_waits = False
        self._shown_grid: ResultGrid | None = None
        self.visible = False
        self._feed = SliceFeed(results.shown, on_failed)

    def interpolate(self, source: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Begins to fill them with something to look at until the worker has BIS, which takes it seconds."""
        volume = volume_of(source)
        axis = volume.through_plane_axis
        slices = InterpolatedSlices(np.moveaxis(volume.hu, 2 - axis, 0), THIN_PER_THICK)
        self._set_grid(ResultGrid(axis, slices.count, volume.spacing_mm[axis] / THIN_PER_THICK))
        self._feed.add(slices, 0, slices.count, self._results.dls_slices())
        if self._wants_bis:
            self._feed.add(slices, 0, slices.count, self._results.bis_slices())
        self._feed.then(self._become_visible)

    def worker_started(self, started: SynthesisStarted) -> None:
        self._set_grid(grid_of(started, started.synthesis))

    def synthesis_goes_on(self, event: Progressed, started: SynthesisStarted) -> None:
        """Begins to show BIS as soon as all of it is there, and finished slices of DLS from then on."""
        preview = raw_slices(started, self._folder / "preview.raw", started.synthesis)
        if not self._first_look_waits and preview.whole:
            self._first_look_waits = True
            self._show_first_look(preview, event.slices)
        if event.slices:
            first, last = event.slices
            self._feed.add(preview, first, last + 1, self._results.dls_slices())

    def _show_first_look(self, preview: RawSlices, finished: tuple[int, int] | None) -> None:
        """finished: slices that are of DLS by now, which BIS must not show."""
        count = len(self._results.dls_slices())
        first, last = finished or (count, count)
        if self._wants_bis:
            for start, stop in ((0, first), (last + 1, count)):
                self._feed.add(preview, start, stop, self._results.bis_slices())
        self._feed.add(preview, 0, count, self._results.dls_slices())
        self._feed.then(self._become_visible)

    def take_files(self, started: SynthesisStarted, then: Callable[[], None]) -> None:
        """Begins to fill them with what the worker has made, and calls `then`."""
        if started.output != started.synthesis:
            self._results.prepare_grid(grid_of(started, started.output))  # else views would turn grey for a moment
        count = len(self._results.dls_slices())
        targets = {"dls": self._results.dls_slices()}
        if self._wants_bis:
            targets["bis"] = self._results.bis_slices()
        if self._results.doubt is not None:
            targets["doubt"] = self._results.doubt_slices()
        for name, slices in targets.items():
            self._feed.add(raw_slices(started, self._folder / f"{name}.nrrd", started.output), 0, count, slices)
        self._feed.then(self._results.show_grid)
        self._feed.then(self._become_visible)
        self._feed.then(then)

    def stop(self) -> None:
        """Forgets what waits to be filled."""
        self._feed.stop()

    def close(self) -> None:
        """Stops for good, and lets go of the volumes."""
        self._feed.close()

    def _set_grid(self, grid: ResultGrid) -> None:
        """Empties the results, unless they have this grid already, but for what a file's digits change of it."""
        shown = self._shown_grid
        same = shown is not None and (shown.slice_axis, shown.slices) == (grid.slice_axis, grid.slices)
        if shown is None or not same or not math.isclose(shown.spacing_mm, grid.spacing_mm, rel_tol=1e-5):
            self._feed.stop()
            self._shown_grid = grid
            self._results.set_grid(grid)

    def _become_visible(self) -> None:
        if not self.visible:
            self.visible = True
            self._on_visible()
