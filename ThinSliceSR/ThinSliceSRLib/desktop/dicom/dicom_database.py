"""Slicer's DICOM database: the files that a result's input was loaded from, and new series that are added to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctk
import slicer
from slicer.i18n import tr as _

from ...engine.errors import UnusableInput
from ..scene.synthetic_mark import ATTRIBUTE_PREFIX, SOURCE_ROLE
from ..worker.later import later

INSTANCE_UIDS = "DICOM.instanceUIDs"
"""Volume node attribute: the SOP instance UIDs of the files that Slicer loaded it from, one per slice."""


def is_from_dicom(volume: slicer.vtkMRMLScalarVolumeNode) -> bool:
    """Whether Slicer loaded the volume from DICOM, whether or not its files are still there."""
    return bool(volume.GetAttribute(INSTANCE_UIDS))


def not_from_dicom_sentence() -> str:
    return _(
        "The input was not loaded from DICOM, so it has no study to add a series to; load the scan in the DICOM "
        "module, then press Apply again."
    )


def is_open() -> bool:
    """Whether series can be added."""
    database = getattr(slicer, "dicomDatabase", None)
    return bool(database and database.isOpen)


def has_study(result: slicer.vtkMRMLScalarVolumeNode) -> bool:
    """Whether a result was made from a DICOM series, whether or not that is still in the scene or the database."""
    uids, series_uid = _source_uids(result)
    return bool(uids or series_uid)


def source_files(result: slicer.vtkMRMLScalarVolumeNode) -> list[Path]:
    """The files of the DICOM series that a result was made from, also when its input is no more in the scene.

    Raises UnusableInput (`no_study`).
    """
    if not is_open():
        raise UnusableInput(
            _("Slicer's DICOM database is not open; open the DICOM module, then try again."), "no_study"
        )
    uids, series_uid = _source_uids(result)
    if not uids and not series_uid:
        raise UnusableInput(not_from_dicom_sentence(), "no_study")
    database = slicer.dicomDatabase
    files = [database.fileForInstance(uid) for uid in uids] if uids else database.filesForSeries(series_uid)
    if not files or not all(file and Path(file).is_file() for file in files):
        raise UnusableInput(
            _("The DICOM files of the input are not there any more; import them in the DICOM module again."), "no_study"
        )
    return [Path(file) for file in files]


def _source_uids(result: slicer.vtkMRMLScalarVolumeNode) -> tuple[list[str], str]:
    """The SOP instance UIDs of the result's input, or where that is no more in the scene, its series UID."""
    source = result.GetNodeReference(SOURCE_ROLE)
    if source is not None:
        return (source.GetAttribute(INSTANCE_UIDS) or "").split(), ""
    return [], result.GetAttribute(ATTRIBUTE_PREFIX + "SourceSeriesUID") or ""


def add_series(folder: Path, on_added: Callable[[], None]) -> Any:
    """Copies all series in `folder` into the database in the background.

    Returns what must be held until `on_added` has come, as the copying ends with it.
    """
    indexer = ctk.ctkDICOMIndexer()
    indexer.backgroundImportEnabled = True
    # Later: whoever is told may drop the object that is just signalling.
    indexer.indexingComplete.connect(lambda *_counts: later(on_added))
    indexer.addDirectory(slicer.dicomDatabase, str(folder), True)
    return indexer


def holds_series(uid: str, slices: int) -> bool:
    """Whether the database has a series with this many files; also lets the DICOM module show what is new."""
    slicer.dicomDatabase.databaseChanged()
    return len(slicer.dicomDatabase.filesForSeries(uid)) == slices
