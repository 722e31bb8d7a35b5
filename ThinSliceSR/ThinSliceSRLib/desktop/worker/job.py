"""A job for a worker on volumes of the scene: written for it in pieces, done by it, and ended exactly once."""

from __future__ import annotations

import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import slicer
import vtk

from ...engine.errors import ThinSliceError
from ...engine.events.told import Event, Finished, Started
from .engine_process import StandBy
from .later import later
from .outcome import Outcome, Progress, Told, guarded, unexpected_sentence
from .private_folder import PrivateFolder
from .volume_writing import VolumeWriting
from .worker_process import Ending, Worker


@dataclass(frozen=True)
class WrittenVolume:
    """A volume that the worker is given: the name of its file, and further entries of that file's header."""

    name: str
    node: slicer.vtkMRMLScalarVolumeNode
    entries: Mapping[str, str] = field(default_factory=dict)


class WorkerJob(ABC):
    """A job from `start` until `on_ended`, which comes once and last, but not after `abandon`.

    Each kind of job says what its worker is given and asked, and what becomes of the scene at its end.
    """

    def __init__(
        self, folder: PrivateFolder, on_progress: Callable[[Progress], None], on_ended: Callable[[Outcome], None]
    ) -> None:
        """Raises CannotWrite when there is no room for temporary files."""
        self._private_folder = folder
        self._folder = folder.new_folder()
        self._on_progress = on_progress
        self._on_ended = on_ended
        self._events: list[Event] = []  # `started` and `finished`, as the worker has told them
        self._refusal = ""
        self._worker: Worker | None = None
        self._writing: VolumeWriting | None = None
        self._started = False
        self._cancelling = False
        self._ended = False
        self._scene_observations: list[int] = []

    # What a kind of job says

    @abstractmethod
    def _volumes(self) -> Sequence[WrittenVolume]:
        """What is written for the worker. Raises ThinSliceError when the job cannot be done."""

    @abstractmethod
    def _arguments(self) -> list[str]:
        """What the worker is asked."""

    @abstractmethod
    def _on_event(self, event: Event) -> None:
        """The worker has told this."""

    @abstractmethod
    def _worker_ended(self, ending: Ending) -> None:
        """The worker has ended by itself or was cancelled; `_end` is to be called now or later."""

    def _about_removal(self, node: slicer.vtkMRMLNode) -> str:
        """Why the job ends when this node is removed from the scene; empty when it goes on."""
        return ""

    def _begun(self) -> None:  # noqa: B027 - not every kind of job has to do something then
        """The first volume is being written."""

    def _finish(self) -> None:  # noqa: B027 - not every kind of job has to do something then
        """The job is done."""

    def _undo(self) -> None:  # noqa: B027 - not every kind of job has to do something then
        """The job is not to be done: the scene becomes what it was."""

    def _let_go(self) -> None:
        """Lets go of the scene and of all that works on it. Whoever adds to it calls this one too."""
        if self._writing is not None:
            self._writing.stop()
        for observation in self._scene_observations:
            slicer.mrmlScene.RemoveObserver(observation)
        self._scene_observations = []

    # What all of them do

    def start(self, stand_by: StandBy | None = None) -> None:
        """Begins to write the volumes for a worker, and returns. Raises ThinSliceError when that cannot be done.

        stand_by: whose process may become the worker.
        """
        try:
            self._begin_writing(self._volumes())
        except ThinSliceError:
            self._let_go()
            self._remove_files()
            self._undo()
            raise
        self._observe_scene()
        self._begun()
        on_event, on_ended = guarded(self._take_event, self._fail), guarded(self._answer_end, self._fail)
        self._worker = Worker(self._arguments(), on_event=on_event, on_ended=on_ended, stand_by=stand_by)

    @property
    def running(self) -> bool:
        return self._worker is not None and not self._ended

    @property
    def process_id(self) -> int:
        return self._worker.process_id if self._worker else 0

    def cancel(self, sentence: str = "") -> None:
        """Ends the job; within 2 seconds `on_ended` tells so, with the sentence that says why."""
        if self._worker is None or self._ended or self._cancelling:
            return
        self._cancelling = True
        self._refusal = sentence
        if self._worker.running:
            self._worker.cancel()
        else:  # it has not begun yet, or is done and only what follows was still to do
            self._end(Ending(None, "cancelled"), cancelled=True)

    def abandon(self) -> None:
        """Ends the job without a further word, as when Slicer quits: at most 2 seconds."""
        if self._worker is None:
            return
        self._worker.abandon()  # also one that was dismissed before
        if not self._ended:
            self._ended = True
            self._let_go()
            self._undo()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _leave_scene(self) -> None:
        """As `abandon`, but without waiting for the worker, because Slicer is to go on at once."""
        if self._worker is None or self._ended:
            return
        self._ended = True
        self._let_go()
        self._undo()
        self._worker.dismiss(self._remove_files)

    def _begin_writing(self, volumes: Sequence[WrittenVolume]) -> None:
        """Whoever has something else to do before that calls `_write` some time later, guarded by `_writing_failed`."""
        self._write(volumes)

    def _write(self, volumes: Sequence[WrittenVolume]) -> None:
        """Writes these volumes, one after the other, and then starts the worker."""
        if not volumes:
            self._start_worker()
            return
        volume, *others = volumes
        on_written = guarded(lambda: self._write(others), self._writing_failed)
        file = self._folder / f"{volume.name}.nrrd"
        self._writing = VolumeWriting(volume.node, file, on_written, self._writing_failed, volume.entries)

    def _writing_failed(self, error: Exception) -> None:
        if isinstance(error, ThinSliceError):
            self._end(Ending(None, error.code, str(error)))
        else:
            self._fail(error)

    def _start_worker(self) -> None:
        if not self._ended and self._worker is not None:
            self._started = True
            self._worker.start()

    def _take_event(self, event: Event) -> None:
        if isinstance(event, (Started, Finished)):
            self._events.append(event)
        self._on_event(event)

    def _told(self, kind: type[Told]) -> Told | None:
        """The event of this kind, once the worker has told it."""
        return next((event for event in self._events if isinstance(event, kind)), None)

    def _answer_end(self, ending: Ending) -> None:
        if not self._ended:
            self._worker_ended(ending)

    def _fail(self, error: Exception) -> None:
        """Ends the job because of a mistake in Slicer's own process."""
        logging.error("%s has failed", type(self).__name__, exc_info=error)
        if self._ended:
            return
        if self._worker is not None:
            self._worker.abandon()
        self._end(Ending(None, "unexpected", unexpected_sentence(error)))

    def _end(self, ending: Ending, cancelled: bool = False) -> None:
        self._ended = True
        self._let_go()
        self._remove_files()
        done = ending.done and not cancelled
        if done:
            self._finish()
        else:
            self._undo()
        sentence = self._refusal or ending.sentence
        self._on_ended(Outcome(done, cancelled, ending.code, sentence, ending.log, tuple(self._events)))

    def _observe_scene(self) -> None:
        @vtk.calldata_type(vtk.VTK_OBJECT)
        def node_removed(_scene: object, _event: str, node: object) -> None:
            if sentence := self._about_removal(node):
                # Later: an end may remove nodes, and Slicer is still about to remove this one and perhaps others.
                later(lambda: self.cancel(sentence))

        scene = slicer.mrmlScene
        self._scene_observations = [
            scene.AddObserver(scene.NodeAboutToBeRemovedEvent, node_removed),
            scene.AddObserver(scene.StartCloseEvent, lambda *_arguments: self._leave_scene()),
        ]

    def _remove_files(self) -> None:
        self._private_folder.remove_later(self._folder)
