"""One export: results of the scene, written by a worker as DICOM series in the study of their input."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ...engine.errors import CannotWrite, UnusableInput
from ...engine.events.told import Event, ExportFinished, Progressed
from ...engine.provenance import BIS_CONTENT, DLS_CONTENT, Entry, entry_key
from ..scene.synthetic_mark import ATTRIBUTE_PREFIX, kind_of
from ..scene.volume_nodes import require_one_volume
from ..worker.job import WorkerJob, WrittenVolume
from ..worker.outcome import Outcome, Progress, guarded
from ..worker.piecework import Piecework
from ..worker.private_folder import PrivateFolder
from ..worker.worker_process import Ending
from .dicom_database import add_series, holds_series, is_from_dicom, source_files

FOLDER_NAME = "ThinSliceSR"
CONTENTS = {"DLS": DLS_CONTENT, "BIS": BIS_CONTENT}
# Which node attribute tells what the header of a result's file tells.
ENTRIES: dict[str, Entry] = {
    "Model": "model",
    "ModelSha256": "model_sha256",
    "EngineVersion": "engine_version",
    "Device": "device",
    "Precision": "precision",
    "Air": "air",
    "SlabConsistency": "slab_consistency",
    "Quality": "quality",
    "SlabErrorMeanHU": "slab_error_mean_hu",
    "SlabMm": "slab_mm",
    "SlabMmToldBy": "slab_mm_told_by",
    "ThickSpacingMm": "thick_spacing_mm",
    "SpacingMm": "spacing_mm",
}


@dataclass(frozen=True)
class ExportRequest:
    """What the user asks for. results: DLS and BIS volumes of one input, at most one of each.

    folder: where a new folder with the series is made; None adds them to Slicer's DICOM database.
    compressed: without loss (RLE). anonymous: without the patient's identity.
    """

    results: tuple[slicer.vtkMRMLScalarVolumeNode, ...]
    folder: Path | None = None
    compressed: bool = False
    anonymous: bool = False


class DicomExport(WorkerJob):
    """An export from `start` until `on_ended`, which comes once and last, but not after `abandon`.

    When it does not succeed, nothing is left of it. Once it has begun, it does not depend on the scene any more.
    """

    def __init__(
        self,
        request: ExportRequest,
        folder: PrivateFolder,
        *,
        on_progress: Callable[[Progress], None],
        on_ended: Callable[[Outcome], None],
    ) -> None:
        """Raises CannotWrite when there is no room for temporary files."""
        super().__init__(folder, on_progress, on_ended)
        self.request = request
        self._slices: dict[str, int] = {}
        self._files: list[Path] = []
        self._gathering: Piecework | None = None
        self._indexer: Any = None

    def cancel(self, sentence: str = "") -> None:
        """As of `WorkerJob`; where all is written already, it is too late."""
        if not self._started or (self._worker is not None and self._worker.running):
            super().cancel(sentence)

    def _volumes(self) -> Sequence[WrittenVolume]:
        self._files = source_files(self.request.results[0])
        for result in self.request.results:
            require_one_volume(result)
            kind = str(kind_of(result))  # what is no result is refused by the engine
            self._slices[kind] = result.GetImageData().GetDimensions()[2]
        return [WrittenVolume(str(kind_of(result)), result, _header(result)) for result in self.request.results]

    def _begin_writing(self, volumes: Sequence[WrittenVolume]) -> None:
        """Gathers the files of the input first, which takes long where they can only be copied."""
        write = guarded(lambda _nothing: self._write(volumes), self._writing_failed)
        self._gathering = Piecework(_gather(self._files, self._folder / "source"), write, self._writing_failed)

    def _observe_scene(self) -> None:
        """What is exported is read from memory that Slicer keeps as long as the request."""

    def _arguments(self) -> list[str]:
        folder = self._folder
        target = folder / "series" if self.request.folder is None else _new_folder(self.request.folder)
        arguments = ["export", *(str(folder / f"{kind}.nrrd") for kind in self._slices), str(target)]
        arguments += ["--source", str(folder / "source"), "--progress", "json"]
        arguments += ["--dicom-compression", "rle"] if self.request.compressed else []
        return arguments + (["--anonymous"] if self.request.anonymous else [])

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Progressed):
            self._on_progress(Progress("export", event.done / event.total, event.eta_s))

    def _worker_ended(self, ending: Ending) -> None:
        if ending.done and self.request.folder is None:
            self._on_progress(Progress("import"))
            added = guarded(self._added, self._fail)
            self._indexer = add_series(self._folder / "series", lambda: added(ending))
        else:
            self._end(ending, cancelled=ending.cancelled)

    def _added(self, ending: Ending) -> None:
        if self._ended:
            return
        finished = self._told(ExportFinished)
        series = finished.series if finished else {}
        if not series or not all(holds_series(uid, self._slices[kind]) for kind, uid in series.items()):
            sentence = _("Slicer's DICOM database did not take in the series; check its disk, or export to a folder.")
            ending = Ending(None, "cannot_write", sentence, log=ending.log)
        self._end(ending)

    def _let_go(self) -> None:
        if self._gathering is not None:
            self._gathering.stop()
        self._indexer = None  # ends the copying first, so that nothing is removed under its hands
        super()._let_go()


def _header(result: slicer.vtkMRMLScalarVolumeNode) -> dict[str, str]:
    """What the engine wrote into the header of the result's file, from the node. Raises UnusableInput."""
    if is_from_dicom(result):
        raise UnusableInput(_("This volume is a DICOM series already; send or copy that one."), "not_a_result")
    if result.GetAttribute(ATTRIBUTE_PREFIX + "Unfinished"):
        raise UnusableInput(_("This volume is unfinished; press Apply to make it again."), "not_a_result")
    content = CONTENTS.get(str(kind_of(result)))
    told = {entry: result.GetAttribute(ATTRIBUTE_PREFIX + name) for name, entry in ENTRIES.items()}
    entries: dict[Entry, str | None] = {"content": content, "synthetic": "yes", **told}
    return {entry_key(entry): value for entry, value in entries.items() if value is not None}


def _gather(files: Iterable[Path], folder: Path) -> Generator[None, None, None]:
    """Lets the files appear in a folder of their own, under names that say nothing, one after the other.

    Raises CannotWrite.
    """
    try:
        folder.mkdir()
        for number, file in enumerate(files):
            _let_appear(file.absolute(), folder / f"{number:05d}.dcm")
            yield
    except OSError as error:
        sentence = _("The DICOM files of the input cannot be read or copied ({reason}); check the disks.")
        raise CannotWrite(sentence.format(reason=error.strerror)) from error


def _let_appear(file: Path, target: Path) -> None:
    for link in (os.symlink, os.link):  # not every system and disk has both, or any
        with suppress(OSError):
            link(file, target)
            return
    shutil.copyfile(file, target)


def _new_folder(parent: Path) -> Path:
    """A name in `parent` that is not taken."""
    number = 1
    while (path := parent / (FOLDER_NAME if number == 1 else f"{FOLDER_NAME} {number}")).exists():
        number += 1
    return path
