"""One search for places to doubt, by a worker that is given the volumes of the scene as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import slicer
from slicer.i18n import tr as _

from ...engine.events.told import Event, PlacesFinished, Progressed
from ..worker.job import WorkerJob, WrittenVolume
from ..worker.outcome import Outcome, Progress
from ..worker.private_folder import PrivateFolder
from ..worker.worker_process import Ending, crash_sentence
from .doubt_places import Place, place_of


@dataclass(frozen=True)
class SearchRequest:
    """The volumes that one run has made: DLS, BIS, and the doubt of DLS."""

    dls: slicer.vtkMRMLScalarVolumeNode
    bis: slicer.vtkMRMLScalarVolumeNode
    doubt: slicer.vtkMRMLScalarVolumeNode

    def by_file(self) -> dict[str, slicer.vtkMRMLScalarVolumeNode]:
        return {"dls": self.dls, "bis": self.bis, "doubt": self.doubt}


class DoubtSearch(WorkerJob):
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
        super().__init__(folder, on_progress, on_ended)
        self.request = request
        self.places: list[Place] = []

    def _volumes(self) -> Sequence[WrittenVolume]:
        return [WrittenVolume(name, volume) for name, volume in self.request.by_file().items()]

    def _arguments(self) -> list[str]:
        files = {name: str(self._folder / f"{name}.nrrd") for name in self.request.by_file()}
        arguments = ["doubt", "--dls", files["dls"], "--bicubic", files["bis"]]
        return [*arguments, "--doubt", files["doubt"], "--progress", "json"]

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Progressed):
            self._on_progress(Progress("places"))

    def _worker_ended(self, ending: Ending) -> None:
        finished = self._told(PlacesFinished)
        if ending.done and finished is None:
            ending = Ending(None, "crashed", crash_sentence(), log=ending.log)
        elif ending.done and finished is not None:
            self.places = [place_of(told) for told in finished.places]
        self._end(ending, cancelled=ending.cancelled)

    def _about_removal(self, node: slicer.vtkMRMLNode) -> str:
        if any(node is volume for volume in self.request.by_file().values()):
            return _("A volume that was searched was removed, so the search was ended.")
        return ""
