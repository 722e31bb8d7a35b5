"""One run: a thick volume node in, its DLS and BIS nodes made by a worker, which appear while they are made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import slicer
from slicer.i18n import tr as _

from ...engine.errors import ThinSliceError
from ...engine.events.told import Event, Progressed, SynthesisFinished, SynthesisStarted, Warned
from ...engine.run.options import as_arguments
from ..scene.engine_sentences import translated
from ..scene.given_thickness import given_thickness_mm, given_values
from ..scene.input_facts import require_fit
from ..scene.result_nodes import ResultNodes
from ..scene.volume_nodes import thickness_entry, volume_of
from ..worker.job import WorkerJob, WrittenVolume
from ..worker.outcome import Outcome, Progress, unexpected_sentence
from ..worker.pace import Pace
from ..worker.private_folder import PrivateFolder
from ..worker.request import Request
from ..worker.speed import Speed
from ..worker.worker_process import Ending, crash_sentence
from .growing_results import GrowingResults
from .run_facts import provenance


class Run(WorkerJob):
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
        # Here, as panel and scripts both come this way.
        self._found = require_fit(request.source, request.values, request.seen)
        self.request = request
        self.results = ResultNodes.begin(
            request.source, request.dls, request.bis, request.wants_bis, request.wants_doubt
        )
        try:
            super().__init__(folder, on_progress, on_ended)
        except ThinSliceError:
            self.results.discard()
            raise
        self._voxels = request.source.GetImageData().GetNumberOfPoints()
        self._on_notice = on_notice
        self._on_visible = on_visible
        self._growing = GrowingResults(
            self.results, request.wants_bis, self._folder, lambda: self._on_visible(self.results), self._filling_failed
        )
        self._pace = Pace(slicer.app.userSettings(), self._tell_pace)

    @property
    def visible(self) -> bool:
        """Whether the results hold something to look at."""
        return self._growing.visible

    def cancel(self, sentence: str = "") -> None:
        if self.running and not self._cancelling:
            self._growing.stop()
        super().cancel(sentence)

    def _volumes(self) -> Sequence[WrittenVolume]:
        source = self.request.source
        return [WrittenVolume("thick", source, thickness_entry(volume_of(source)))]

    def _begun(self) -> None:
        """Interpolates what can be looked at until there is better."""
        self._growing.interpolate(self.request.source)

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

    def _on_event(self, event: Event) -> None:
        if self._cancelling:
            return
        if isinstance(event, SynthesisStarted):
            self._pace.begin(event.weights.name, event.device, event.precision, self.request.quality)
            self._growing.worker_started(event)
        elif isinstance(event, Warned):
            self._on_notice(self._in_words(event))
        elif isinstance(event, Progressed):
            started = self._told(SynthesisStarted)
            if event.stage == "synthesize" and started:
                self._growing.synthesis_goes_on(event, started)
                self._pace.told(event.done, event.total)
            else:
                self._on_progress(Progress(event.stage))

    def _tell_pace(self, share: float | None, seconds_left: float | None) -> None:
        self._on_progress(Progress("synthesize", share, seconds_left))

    def _worker_ended(self, ending: Ending) -> None:
        self._growing.stop()
        self._pace.close()
        started, finished = self._told(SynthesisStarted), self._told(SynthesisFinished)
        if ending.done and not (started and finished):
            ending = replace(ending, exit_code=None, code="crashed", sentence=crash_sentence())
        if started is None or not ending.done or self._cancelling:
            self._end(ending, cancelled=ending.cancelled or self._cancelling)
            return
        self._on_progress(Progress("show"))
        self._growing.take_files(started, lambda: self._end(ending))

    def _in_words(self, warned: Warned) -> str:
        """The engine's sentence; the panel's own, where that names an option of the command line."""
        if "--" in warned.message:
            own = [finding.message for finding in self._found if finding.code == warned.code]
            return own[0] if own else translated(warned.message)
        return translated(warned.message)

    def _filling_failed(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            self._fail(error)
        elif not self._worker_runs():  # else the worker has failed and removed its files: it tells why when it ends
            sentence = _("The result could not be read from the temporary folder ({reason}); press Apply again.")
            self._end(Ending(None, "failed", sentence.format(reason=error.strerror)))

    def _worker_runs(self) -> bool:
        return self._worker is not None and self._worker.running

    def _fail(self, error: Exception) -> None:
        """As in `WorkerJob`, but without waiting for the worker: Slicer's views are being filled."""
        if not self._ended and self._worker_runs():
            logging.error("the run has failed", exc_info=error)
            self.cancel(unexpected_sentence(error))
        else:
            super()._fail(error)

    def _finish(self) -> None:
        started, finished = self._told(SynthesisStarted), self._told(SynthesisFinished)
        assert started  # else it would not be done
        assert finished
        self.results.finish(provenance(started, finished))
        request = self.request
        speed = Speed(slicer.app.userSettings(), request.device, request.precision, request.threads)
        speed.learn(request.weights, request.quality, self._voxels, finished.seconds)
        if request.weights == "auto":
            speed.learn(started.weights.name, request.quality, self._voxels, finished.seconds)

    def _undo(self) -> None:
        self.results.discard()

    def _about_removal(self, node: slicer.vtkMRMLNode) -> str:
        if node is self.request.source:
            return _("The input was removed, so the run was ended; choose another input.")
        if self.results.holds(node):
            return _("A result was removed, so the run was ended; press Apply to make it again.")
        return ""

    def _let_go(self) -> None:
        super()._let_go()
        self._growing.close()
        self._pace.close()
