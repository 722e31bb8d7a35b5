"""Derived series on their way: their folder stands under its name only when all of them are whole, or not at all."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag, Tag

from ..errors import Cancelled, CannotWrite, UnusableInput
from ..files.writing import require_writable
from ..outputs.replacing import PendingFiles, writing_refusal
from ..volumes.volume import Volume
from .anonymity import without_identity
from .derivation import Derivation, of_places
from .derived_series import derived_series, series_number
from .parametric_map import parametric_map
from .series_files import WHOLE_FILE, holds, require_compression, write_series
from .source_series import read_source_series

if TYPE_CHECKING:
    from ..doubt.structures import Structure

PIXELS = Tag("PixelData")
SERIES_FOLDERS = ("BIS", "DLS", "DOUBT", "REPORT")


@dataclass(frozen=True)
class DicomOutput:
    """Where derived series go and how: each into a folder within `folder`, one of SERIES_FOLDERS.

    compression: one of `series_files.COMPRESSIONS`, all lossless. anonymous: without the patient's identity.
    """

    folder: Path
    compression: str = "none"
    anonymous: bool = False


class PendingSeries(PendingFiles):
    """Series written into a folder beside the wanted one, which it becomes when the `with` block ends well.

    with PendingSeries(DicomOutput(folder), thick, overwrite) as series:
        series.write(dls, derivation_of(dls_header(...)))

    After any exception in the block, nothing of them is left, and the former series are there.
    """

    def __init__(
        self, output: DicomOutput, source: Volume, overwrite: bool = False, apart_from: Iterable[Path] = ()
    ) -> None:
        """Checks all that can be checked before the computation and reads what the series take over from `source`.

        source: the thick volume as it was read. apart_from: the input and other outputs; neither may lie in the other.
        Raises UnusableInput (`same_target`, `no_compression`, `burned_in`, or
        as `read_source_series`) or CannotWrite (`target_exists`, `no_folder`, `cannot_write`, `no_room`).
        """
        super().__init__()
        require_compression(output.compression)
        series = read_source_series(source.acquisition)
        self._source = without_identity(series) if output.anonymous else series
        self._output = output
        self._overwrite = overwrite
        self._apart_from = [Path(path).resolve() for path in apart_from]
        self._check_target()
        self._temporary = self.part_of(output.folder)
        self._dls: list[Dataset] = []
        self._doubt: Derivation | None = None

    def write(
        self, volume: Volume, derivation: Derivation, on_slice: Callable[[int], None] = lambda written: None
    ) -> None:
        """Writes `volume` (int16 HU) as a series and reads it back; a doubt as a Parametric Map, after its DLS volume.

        on_slice: told before each slice how many are written; what it raises ends the writing.
        Raises CannotWrite, Cancelled, UnusableInput (`no_dls`: a doubt without its DLS volume) or ThinSliceError
        (`no_highdicom`).
        """
        self._require_wanted()
        made_at = self._made_at
        folder = self._temporary / derivation.name
        try:
            if derivation.name == "DOUBT":
                on_slice(0)
                self._write_map(volume, derivation, made_at, folder)
                return
            datasets = self._noted(derived_series(self._source, volume, derivation, made_at), derivation)
            written = itertools.count()

            def go_on() -> None:
                self._require_wanted()
                on_slice(next(written))

            write_series(datasets, folder, self._output.compression, go_on)
        except OSError as error:
            self._require_wanted()
            raise writing_refusal(self._output.folder.parent, error, volume.hu.nbytes) from error
        if not holds(folder, volume):
            self._require_wanted()
            raise writing_refusal(self._output.folder.parent, None, volume.hu.nbytes)

    def write_report(self, places: Sequence[Structure]) -> None:
        """Writes the places that were found with the doubt as a structured report, after the doubt; of none, none.

        Raises CannotWrite, Cancelled or ThinSliceError (`no_highdicom`).
        """
        self._require_wanted()
        assert self._doubt  # which found the places
        if not places:
            return
        from .places_report import places_report  # which loads the codes of pydicom

        derivation = of_places(self._doubt)
        number = series_number(self._source.number, derivation.series)
        report = places_report(self._source, self._slices_upwards(), places, derivation, number, self._made_at)
        try:
            _write_one(report, self._temporary / derivation.name)
        except OSError as error:
            self._require_wanted()
            raise writing_refusal(self._output.folder.parent, error) from error

    def _noted(self, datasets: Iterator[FileDataset], derivation: Derivation) -> Iterator[FileDataset]:
        """The datasets, of which those of the DLS volume are remembered without their pixels."""
        for dataset in datasets:
            if derivation.name == "DLS":
                # As they are stored: who reads a text forgets its bytes.
                kept: dict[BaseTag, DataElement | RawDataElement] = {
                    tag: dataset.get_item(tag)
                    for tag in dataset.keys()  # noqa: SIM118
                    if tag != PIXELS
                }
                self._dls.append(Dataset(kept))
            yield dataset

    def _write_map(self, volume: Volume, derivation: Derivation, made_at: datetime | None, folder: Path) -> None:
        if len(self._dls) != len(volume.hu):
            raise UnusableInput("A doubt refers to the series of its DLS volume; write both together.", "no_dls")
        number = series_number(self._source.number, derivation.series)
        made = parametric_map(self._source, self._slices_upwards(), volume.hu, derivation, number, made_at)
        path = _write_one(made, folder)
        self._doubt = derivation
        if not np.array_equal(pydicom.dcmread(path).pixel_array, volume.hu):
            raise writing_refusal(self._output.folder.parent, None, 2 * volume.hu.nbytes)

    def _slices_upwards(self) -> Sequence[Dataset]:
        """However they are numbered: Slicer's converter takes frames for stacked as they are stored."""
        return self._dls[::-1] if self._source.numbered_downwards else self._dls

    @property
    def _made_at(self) -> datetime | None:
        return None if self._output.anonymous else datetime.now().astimezone()

    def _require_wanted(self) -> None:
        if self._discarded:
            raise Cancelled

    def ready(self) -> dict[Path, Path]:
        self._require_wanted()
        self._check_target()
        return super().ready()

    def _check_target(self) -> None:
        folder = self._output.folder
        place = folder.resolve()
        if any(place in (other, *other.parents) or other in place.parents for other in self._apart_from):
            raise UnusableInput(
                "The folder of the DICOM output may lie neither in the folder of the input nor around it or another "
                "output; choose another folder.",
                "same_target",
            )
        try:
            if not folder.parent.is_dir():
                raise CannotWrite(f"There is no folder {folder.parent}; create it or choose another.", "no_folder")
            require_writable(folder.parent)  # which may also bring back what a killed run has set aside
            if folder.exists():
                _require_replaceable(folder, self._overwrite)
        except OSError as error:
            raise writing_refusal(folder.parent, error) from error


def _write_one(made: Dataset, folder: Path) -> Path:
    """Writes a series of one instance; the path of its file."""
    folder.mkdir(parents=True)
    path = folder / "0001.dcm"
    with path.open("xb") as file:
        made.save_as(file, **WHOLE_FILE)
        file.flush()
        os.fsync(file.fileno())
    return path


def _require_replaceable(folder: Path, overwrite: bool) -> None:
    """Returns when `folder` is empty or, if overwriting is allowed, holds nothing but what a former run wrote."""
    if not folder.is_dir():
        raise CannotWrite(f"{folder} is a file; give the name of a folder.", "target_exists")
    held = list(folder.iterdir())
    if held and not overwrite:
        raise CannotWrite(
            f"{folder} is not empty; allow overwriting (--overwrite) or give another folder.", "target_exists"
        )
    ours = all(path.name in SERIES_FOLDERS and path.is_dir() and not path.is_symlink() for path in held) and all(
        path.suffix == ".dcm" and path.is_file() for series in held for path in series.iterdir()
    )
    if not ours:
        raise CannotWrite(
            f"{folder} holds more than series of a former run, which will not be deleted; give another folder.",
            "target_exists",
        )
