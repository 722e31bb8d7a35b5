"""One search for places to doubt, by a worker that is given the volumes of the scene as files."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ...engine.errors import ThinSliceError
from ..scene.engine_sentences import translated
from ..worker.later import later
from ..worker.outcome import Outcome, Progress, guarded, unexpected_sentence
from ..worker.private_folder import PrivateFolder
from ..worker.volume_writing import VolumeWriting
from ..worker.worker_process import Ending, Worker, crash_sentence
from .doubt_places import Place, place_of


@dataclass(frozen=True)
class SearchRequest:
    """The volumes that one run has made: DLS, BIS, and the doubt of DLS."""

    dls: slicer.vtkMRMLScalarVolumeNode
    bis: slicer.vtkMRMLScalarVolumeNode
    doubt: slicer.vtkMRMLScalarVolumeNode

    def by_file(self) -> dict[str, slicer.vtkMRMLScalarVolumeNode]:
        return {"dls": self.dls, "bis": self.bis, "doubt": self.doubt}


class DoubtSearch:
    """A search from `start` until `on_ended`, which comes once and last, but not after `abandon`.

    places: what it has found, once it is done.
    """

    def __init__(
        self,
        request: SearchRequest,
        folder: PrivateFolder,
        *,
        on_progress: Callable[[Progress], None],
        on_ended: Callable[[Outcome], None],
    ) -> None:
        """Raises CannotWrite when there is no room for temporary files."""
        self.request = request
        self.places: list[Place] = []
        self._folder = folder.new_folder()
        self._on_progress = on_progress
        self._on_ended = on_ended
        self._told: dict[str, Any] | None = None
        self._refusal = ""
        self._worker: Worker | None = None
        self._writing: VolumeWriting | None = None
        self._started = False
        self._ended = False
        self._scene_observations: list[int] = []

    def start(self) -> None:
        """Begins to write the volumes for a worker, and returns. Raises ThinSliceError when that cannot be done."""
        try:
            self._write(list(self.request.by_file()))
        except ThinSliceError:
            self._clean_up()
            raise
        self._observe_scene()
        on_event, on_ended = guarded(self._on_event, self._fail), guarded(self._worker_ended, self._fail)
        self._worker = Worker(self._arguments(), on_event=on_event, on_ended=on_ended)

    @property
    def running(self) -> bool:
        return self._worker is not None and not self._ended

    def cancel(self, sentence: str = "") -> None:
        """Ends the search; within 2 seconds `on_ended` tells so, with the sentence that says why."""
        if self._worker is None or self._ended:
            return
        self._refusal = sentence
        if self._started and self._worker.running:
            self._worker.cancel()
        else:
            self._end(Ending(None, "cancelled"), cancelled=True)

    def abandon(self) -> None:
        """Ends the search without a further word, as when Slicer quits: at most 2 seconds."""
        if self._worker is not None:
            self._worker.abandon()  # also one that was dismissed before
            self._ended = True
            self._clean_up()

    def _leave_scene(self) -> None:
        """As `abandon`, but without waiting for the worker, because Slicer is to go on at once."""
        if self._worker is not None and not self._ended:
            self._ended = True
            self._let_go()
            self._worker.dismiss(self._remove_files)

    def _arguments(self) -> list[str]:
        files = {name: str(self._folder / f"{name}.nrrd") for name in self.request.by_file()}
        arguments = ["doubt", "--dls", files["dls"], "--bicubic", files["bis"]]
        return [*arguments, "--doubt", files["doubt"], "--progress", "json"]

    def _write(self, names: list[str]) -> None:
        """Writes the volumes of these names, one after the other, and then starts the worker."""
        if not names:
            self._start_worker()
            return
        name, *others = names
        volume = self.request.by_file()[name]
        on_written = guarded(lambda: self._write(others), self._writing_failed)
        file = self._folder / f"{name}.nrrd"
        self._writing = VolumeWriting(volume, file, on_written, self._writing_failed)

    def _writing_failed(self, error: Exception) -> None:
        if isinstance(error, ThinSliceError):
            self._end(Ending(None, error.code, str(error)))
        else:
            self._fail(error)

    def _start_worker(self) -> None:
        if not self._ended and self._worker is not None:
            self._started = True
            self._worker.start()

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "progress":
            self._on_progress(Progress("places"))
        elif event["event"] == "finished":
            self._told = event

    def _worker_ended(self, ending: Ending) -> None:
        if self._ended:
            return
        if ending.done and self._told is None:
            ending = Ending(None, "crashed", crash_sentence(), log=ending.log)
        elif ending.done and self._told is not None:
            self.places = [place_of(told) for told in self._told["places"]]
        self._end(ending, cancelled=ending.cancelled)

    def _fail(self, error: Exception) -> None:
        logging.error("the search for places has failed", exc_info=error)
        if self._ended:
            return
        if self._worker is not None:
            self._worker.abandon()
        self._end(Ending(None, "unexpected", unexpected_sentence(error)))

    def _end(self, ending: Ending, cancelled: bool = False) -> None:
        self._ended = True
        self._clean_up()
        done = ending.done and not cancelled
        sentence = self._refusal or translated(ending.sentence)
        self._on_ended(Outcome(done, cancelled, ending.code, sentence, ending.log, {}))

    def _observe_scene(self) -> None:
        @vtk.calldata_type(vtk.VTK_OBJECT)
        def node_removed(_scene: object, _event: str, node: object) -> None:
            if any(node is volume for volume in self.request.by_file().values()):
                sentence = _("A volume that was searched was removed, so the search was ended.")
                # Later: Slicer is still about to remove this node and perhaps others.
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
        if self._writing is not None:
            self._writing.stop()
        for observation in self._scene_observations:
            slicer.mrmlScene.RemoveObserver(observation)
        self._scene_observations = []

    def _remove_files(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
