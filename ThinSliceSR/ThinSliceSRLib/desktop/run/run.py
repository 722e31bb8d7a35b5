"""One run: a thick volume node in, its DLS and BIS nodes made by a worker, which appear while they are made."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ...engine.errors import ThinSliceError
from ...engine.run.options import as_arguments
from ..scene.engine_sentences import translated
from ..scene.given_thickness import given_thickness_mm, given_values
from ..scene.input_facts import require_fit
from ..scene.result_nodes import ResultNodes
from ..scene.volume_nodes import thickness_entry, volume_of
from ..worker.later import later
from ..worker.outcome import Outcome, Progress, guarded, unexpected_sentence
from ..worker.pace import Pace
from ..worker.private_folder import PrivateFolder
from ..worker.request import Request
from ..worker.volume_writing import VolumeWriting
from ..worker.worker_process import Ending, Worker, crash_sentence
from .growing_results import GrowingResults
from .run_facts import provenance


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
        self.results = ResultNodes.begin(
            request.source, request.dls, request.bis, request.wants_bis, request.wants_doubt
        )
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
        self._cancelling = False
        self._refusal = ""
        self._growing = GrowingResults(
            self.results, request.wants_bis, self._folder, lambda: self._on_visible(self.results), self._filling_failed
        )
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
        self._growing.interpolate(self.request.source)
        on_event, on_ended = guarded(self._on_event, self._fail), guarded(self._worker_ended, self._fail)
        self._worker = Worker(self._arguments(), on_event=on_event, on_ended=on_ended)

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
    def visible(self) -> bool:
        """Whether the results hold something to look at."""
        return self._growing.visible

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
        self._growing.stop()
        if self._worker.running:
            self._worker.cancel()
        else:  # it has not begun yet, or is done and only its last slices were still on their way
            self._end(Ending(None, "cancelled"), cancelled=True)

    def abandon(self) -> None:
        """Ends the run without a further word, as when Slicer quits: at most 2 seconds."""
        if self._worker is None:
            return
        self._worker.abandon()  # also one that was dismissed before
        if not self._ended:
            self._ended = True
            self._let_go()
            self.results.discard()
        self._remove_files()

    def _leave_scene(self) -> None:
        """As `abandon`, but without waiting for the worker, because Slicer is to go on at once."""
        if self._worker is None or self._ended:
            return
        self._ended = True
        self._let_go()
        self.results.discard()
        self._worker.dismiss(self._remove_files)

    def _arguments(self) -> list[str]:
        request, folder = self.request, self._folder
        arguments = ["synthesize", str(folder / "thick.nrrd"), str(folder / "dls.nrrd")]
        arguments += ["--preview", str(folder / "preview.nhdr"), "--uncompressed", "--progress", "json"]
        if request.wants_bis:
            arguments += ["--bicubic", str(folder / "bis.nrrd")]
        if request.wants_doubt:
            arguments += ["--doubt", str(folder / "doubt.nrrd")]
        slab_mm = given_thickness_mm(request.source) if request.slab_mm is None else request.slab_mm
        values = request.values or given_values(request.source)
        return arguments + as_arguments(replace(request, slab_mm=slab_mm, values=values))

    def _on_event(self, event: dict[str, Any]) -> None:
        if self._cancelling:
            return
        if event["event"] == "started":
            self._facts.update(event)
            self._pace.begin(event["weights"]["name"], event["device"], event["precision"])
            self._growing.worker_started(event)
        elif event["event"] == "warning":
            self._on_notice(translated(event["message"]))
        elif event["event"] == "progress":
            if event["stage"] == "synthesize":
                self._growing.synthesis_goes_on(event, self._facts)
                self._pace.told(event["done"], event["total"])
            else:
                self._on_progress(Progress(event["stage"]))
        elif event["event"] == "finished":
            self._facts.update(event)

    def _tell_pace(self, share: float | None, seconds_left: float | None) -> None:
        self._on_progress(Progress("synthesize", share, seconds_left))

    def _worker_ended(self, ending: Ending) -> None:
        if self._ended:
            return
        self._growing.stop()
        self._pace.close()
        if ending.done and "outputs" not in self._facts:
            ending = replace(ending, exit_code=None, code="crashed", sentence=crash_sentence())
        if not ending.done or self._cancelling:
            self._end(ending, cancelled=ending.cancelled or self._cancelling)
            return
        self._on_progress(Progress("show"))
        self._growing.take_files(self._facts, lambda: self._end(ending))

    def _filling_failed(self, error: Exception) -> None:
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
        self._growing.stop()
        if self._worker_runs:
            self.cancel(sentence)
        else:
            self._end(Ending(None, "unexpected", sentence))

    def _end(self, ending: Ending, cancelled: bool = False) -> None:
        self._ended = True
        self._clean_up()
        done = ending.done and not cancelled
        if done:
            self.results.finish(provenance(self._facts))
        else:
            self.results.discard()
        self._on_ended(Outcome(done, cancelled, ending.code, self._refusal or ending.sentence, ending.log, self._facts))

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
            scene.AddObserver(scene.StartCloseEvent, lambda *_arguments: self._leave_scene()),
        ]

    def _clean_up(self) -> None:
        self._let_go()
        self._remove_files()

    def _let_go(self) -> None:
        self._growing.close()
        self._pace.close()
        if self._writing is not None:
            self._writing.stop()
        for observation in self._scene_observations:
            slicer.mrmlScene.RemoveObserver(observation)
        self._scene_observations = []

    def _remove_files(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
