"""One run: a thick volume node in, its DLS and BIS nodes made by a worker, which appear while they are made."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from ..engine.errors import ThinSliceError
from ..engine.volumes.memory import THIN_PER_THICK
from .engine_sentences import translated
from .given_thickness import given_thickness_mm, given_values
from .input_facts import require_fit
from .later import later
from .outcome import Outcome, Progress, guarded, unexpected_sentence
from .pace import Pace
from .private_folder import PrivateFolder
from .result_nodes import ResultNodes
from .result_volume import ResultGrid
from .slice_feed import InterpolatedSlices, RawSlices, SliceFeed
from .volume_nodes import thickness_entry, volume_of
from .volume_writing import VolumeWriting
from .worker import Ending, Worker, crash_sentence


@dataclass(frozen=True)
class Request:
    """What the user asks for. dls, bis: nodes to be filled; None makes new ones.

    weights, device, precision, spacing: as the engine's command line takes them. first_at_mm: see `viewed_slice_mm`.
    slab_mm, values: how thick the slices are, and on which scale their values (see `value_scale`); None takes what the
    user gave in the panel or, else, what the source says. threads: of the CPU, a number or auto.
    """

    source: slicer.vtkMRMLScalarVolumeNode
    dls: slicer.vtkMRMLScalarVolumeNode | None = None
    bis: slicer.vtkMRMLScalarVolumeNode | None = None
    wants_bis: bool = True
    weights: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    spacing: str | float = "auto"
    first_at_mm: float = 0.0
    slab_mm: float | None = None
    values: str | None = None
    threads: str | int = "auto"


class Run:
    """A run from `start` until `on_ended`, which comes once and last, but not after `abandon`.

    When it does not succeed, the nodes that it made are gone and those that it was to fill are as they were.
    """

    def __init__(
        self,
        request: Request,
        folder: PrivateFolder,
        *,
        on_progress: Callable[[Progress], None],
        on_notice: Callable[[str], None],
        on_visible: Callable[[ResultNodes], None],
        on_ended: Callable[[Outcome], None],
    ) -> None:
        """on_notice: a sentence of warning. on_visible: the results hold something to look at.

        Raises ThinSliceError when the volumes cannot be used so, or when there is no room for temporary files.
        """
        require_fit(request.source, request.values)  # here, as panel and scripts both come this way
        self.request = request
        self.results = ResultNodes.begin(request.source, request.dls, request.bis, request.wants_bis)
        try:
            self._folder = folder.new_folder()
        except ThinSliceError:
            self.results.discard()
            raise
        self._on_progress = on_progress
        self._on_notice = on_notice
        self._on_visible = on_visible
        self._on_ended = on_ended
        self._facts: dict[str, Any] = {}
        self._first_look_waits = False
        self._shown_grid: ResultGrid | None = None
        self._visible = False
        self._cancelling = False
        self._refusal = ""
        self._feed = SliceFeed(self.results.shown, self._feed_failed)
        self._pace = Pace(slicer.app.userSettings(), self._tell_pace)
        self._worker: Worker | None = None
        self._writing: VolumeWriting | None = None
        self._ended = False
        self._scene_observations: list[int] = []

    def start(self) -> None:
        """Begins to write the input for a worker, to interpolate what can be looked at meanwhile, and returns.

        Raises ThinSliceError when the input cannot be written.
        """
        on_written, on_failed = guarded(self._start_worker, self._fail), self._writing_failed
        try:
            entries = thickness_entry(volume_of(self.request.source))
            path = self._folder / "thick.nrrd"
            self._writing = VolumeWriting(self.request.source, path, on_written, on_failed, entries)
        except ThinSliceError:
            self._clean_up()
            self.results.discard()
            raise
        self._observe_scene()
        self._interpolate()
        on_event, on_ended = guarded(self._on_event, self._fail), guarded(self._worker_ended, self._fail)
        self._worker = Worker(self._arguments(), on_event=on_event, on_ended=on_ended)

    def _interpolate(self) -> None:
        """Fills the results with something to look at until the worker has BIS, which takes it seconds."""
        volume = volume_of(self.request.source)
        axis = volume.through_plane_axis
        slices = InterpolatedSlices(np.moveaxis(volume.hu, 2 - axis, 0), THIN_PER_THICK)
        self._set_grid(ResultGrid(axis, slices.count, volume.spacing_mm[axis] / THIN_PER_THICK))
        self._feed.add(slices, 0, slices.count, self.results.dls_slices())
        if self.request.wants_bis:
            self._feed.add(slices, 0, slices.count, self.results.bis_slices())
        self._feed.then(self._become_visible)

    def _set_grid(self, grid: ResultGrid) -> None:
        """Empties the results, unless they have this grid already, but for what a file's digits change of it."""
        shown = self._shown_grid
        same = shown is not None and (shown.slice_axis, shown.slices) == (grid.slice_axis, grid.slices)
        if shown is None or not same or not math.isclose(shown.spacing_mm, grid.spacing_mm, rel_tol=1e-5):
            self._feed.stop()
            self._shown_grid = grid
            self.results.set_grid(grid)

    def _start_worker(self) -> None:
        if not self._ended and self._worker is not None:
            self._worker.start()

    def _writing_failed(self, error: Exception) -> None:
        if isinstance(error, ThinSliceError):
            self._end(Ending(None, error.code, str(error)))
        else:
            self._fail(error)

    @property
    def running(self) -> bool:
        return self._worker is not None and not self._ended

    @property
    def _worker_runs(self) -> bool:
        return self._worker is not None and self._worker.running

    @property
    def process_id(self) -> int:
        return self._worker.process_id if self._worker else 0

    def cancel(self, sentence: str = "") -> None:
        """Ends the run; within 2 seconds `on_ended` tells so, with the sentence that says why."""
        if self._worker is None or self._ended or self._cancelling:
            return
        self._cancelling = True
        self._refusal = sentence
        self._feed.stop()
        if self._worker.running:
            self._worker.cancel()
        else:  # it has not begun yet, or is done and only its last slices were still on their way
            self._end(Ending(None, "cancelled"), cancelled=True)

    def abandon(self) -> None:
        """Ends the run without a further word, as when the scene is closed or Slicer quits: at most 2 seconds."""
        if self._worker is None or self._ended:
            return
        self._ended = True
        self._worker.abandon()
        self._clean_up()
        self.results.discard()

    def _arguments(self) -> list[str]:
        request, folder = self.request, self._folder
        arguments = ["synthesize", str(folder / "thick.nrrd"), str(folder / "dls.nrrd")]
        arguments += ["--preview", str(folder / "preview.nhdr"), "--uncompressed", "--progress", "json"]
        if request.wants_bis:
            arguments += ["--bicubic", str(folder / "bis.nrrd")]
        slab_mm = given_thickness_mm(request.source) if request.slab_mm is None else request.slab_mm
        if slab_mm is not None:
            arguments += ["--slab-mm", f"{slab_mm:g}"]
        values = request.values or given_values(request.source)
        if values is not None:
            arguments += ["--values", values]
        choices = {
            "--weights": request.weights,
            "--device": request.device,
            "--precision": request.precision,
            "--spacing": str(request.spacing),
            "--threads": str(request.threads),
            "--first-at": f"{request.first_at_mm:g}",
        }
        return arguments + [part for choice in choices.items() for part in choice]

    def _on_event(self, event: dict[str, Any]) -> None:
        if self._cancelling:
            return
        if event["event"] == "started":
            self._facts.update(event)
            self._pace.begin(event["weights"]["name"], event["device"], event["precision"])
            self._set_grid(_grid(event, "synthesis"))
        elif event["event"] == "warning":
            self._on_notice(translated(event["message"]))
        elif event["event"] == "progress":
            self._on_slices(event)
            if event["stage"] == "synthesize":
                self._pace.told(event["done"], event["total"])
            else:
                self._on_progress(Progress(event["stage"]))
        elif event["event"] == "finished":
            self._facts.update(event)

    def _tell_pace(self, share: float | None, seconds_left: float | None) -> None:
        self._on_progress(Progress("synthesize", share, seconds_left))

    def _on_slices(self, event: dict[str, Any]) -> None:
        """Fills the results with BIS as soon as it is there, and with finished slices of DLS from then on."""
        if event["stage"] != "synthesize":
            return
        preview = self._raw("preview.raw", "synthesis")
        if not self._first_look_waits:
            self._first_look_waits = True
            count = len(self.results.dls_slices())
            self._feed.add(preview, 0, count, self.results.dls_slices())
            if self.request.wants_bis:
                self._feed.add(preview, 0, count, self.results.bis_slices())
            self._feed.then(self._become_visible)
        if event.get("slices"):
            first, last = event["slices"]
            self._feed.add(preview, first, last + 1, self.results.dls_slices())

    def _worker_ended(self, ending: Ending) -> None:
        if self._ended:
            return
        self._feed.stop()
        self._pace.close()
        if ending.done and "outputs" not in self._facts:
            ending = replace(ending, exit_code=None, code="crashed", sentence=crash_sentence())
        if not ending.done or self._cancelling:
            self._end(ending, cancelled=ending.cancelled or self._cancelling)
            return
        self._on_progress(Progress("show"))
        if self._facts["output"] != self._facts["synthesis"]:
            self.results.prepare_grid(_grid(self._facts, "output"))  # else views would turn grey for a moment
        count = len(self.results.dls_slices())
        self._feed.add(self._raw("dls.nrrd", "output"), 0, count, self.results.dls_slices())
        if self.request.wants_bis:
            self._feed.add(self._raw("bis.nrrd", "output"), 0, count, self.results.bis_slices())
        self._feed.then(self.results.show_grid)
        self._feed.then(self._become_visible)
        for name in ("thick.nrrd", "preview.raw", "dls.nrrd", "bis.nrrd"):  # large files take a moment to remove
            self._feed.then(partial((self._folder / name).unlink, missing_ok=True))
        self._feed.then(lambda: self._end(ending))

    def _become_visible(self) -> None:
        if not self._visible:
            self._visible = True
            self._on_visible(self.results)

    def _feed_failed(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            self._fail(error)
        elif not self._worker_runs:  # else the worker has failed and removed its files: it tells why when it ends
            sentence = _("The result could not be read from the temporary folder ({reason}); press Apply again.")
            self._end(Ending(None, "failed", sentence.format(reason=error.strerror)))

    def _fail(self, error: Exception) -> None:
        logging.error("the run has failed", exc_info=error)
        if self._ended:
            return
        sentence = unexpected_sentence(error)
        self._feed.stop()
        if self._worker_runs:
            self.cancel(sentence)
        else:
            self._end(Ending(None, "unexpected", sentence))

    def _end(self, ending: Ending, cancelled: bool = False) -> None:
        self._ended = True
        self._clean_up()
        done = ending.done and not cancelled
        if done:
            self.results.finish(_provenance(self._facts))
        else:
            self.results.discard()
        self._on_ended(Outcome(done, cancelled, ending.code, self._refusal or ending.sentence, ending.log, self._facts))

    def _raw(self, name: str, grid: str) -> RawSlices:
        i, j, k = self._facts[grid]["size"]
        return RawSlices(self._folder / name, (k, j, i), self._facts["slice_axis"])

    def _observe_scene(self) -> None:
        @vtk.calldata_type(vtk.VTK_OBJECT)
        def node_removed(caller: object, event: str, node: object) -> None:
            if node is self.request.source:
                sentence = _("The input was removed, so the run was ended; choose another input.")
            elif self.results.holds(node):
                sentence = _("A result was removed, so the run was ended; press Apply to make it again.")
            else:
                return
            # Later: an end may remove the results, and Slicer is still about to remove this node and perhaps others.
            later(lambda: self.cancel(sentence))

        scene = slicer.mrmlScene
        self._scene_observations = [
            scene.AddObserver(scene.NodeAboutToBeRemovedEvent, node_removed),
            scene.AddObserver(scene.StartCloseEvent, lambda *_arguments: self.abandon()),
        ]

    def _clean_up(self) -> None:
        self._feed.close()
        self._pace.close()
        if self._writing is not None:
            self._writing.stop()
        for observation in self._scene_observations:
            slicer.mrmlScene.RemoveObserver(observation)
        self._scene_observations = []
        shutil.rmtree(self._folder, ignore_errors=True)


def _grid(facts: dict[str, Any], name: str) -> ResultGrid:
    axis = facts["slice_axis"]
    return ResultGrid(axis, facts[name]["size"][axis], facts[name]["spacing_mm"][axis])


def _provenance(facts: dict[str, Any]) -> dict[str, str]:
    """What the results say of how they were made, as node attributes."""
    slab = facts["input"]["slab"]
    return {
        "Model": facts["weights"]["name"],
        "ModelSha256": facts["weights"]["sha256"],
        "EngineVersion": facts["engine_version"],
        "Device": facts["device"],
        "Precision": facts["precision"],
        "Air": facts["air"],
        "SlabConsistency": facts["slab_consistency"],
        "SlabMm": f"{slab['thickness_mm']:g}",
        "SlabMmToldBy": slab["told_by"],
        "Values": slab.get("values", "as stored"),
        "ThickSpacingMm": f"{slab['spacing_mm']:g}",
        "SpacingMm": f"{facts['output']['spacing_mm'][facts['slice_axis']]:g}",
        "Seconds": f"{facts['seconds']:g}",
        "SlabErrorMeanHU": f"{facts['slab_error_hu']['mean']:g}",
    }
