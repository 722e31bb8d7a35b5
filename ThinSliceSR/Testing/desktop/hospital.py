"""A thick series in Slicer's DICOM database and in the scene, and results of it, for the tests of the export.

The database, the indexer and the plugin for scalar volumes are stand-ins; files, reader, scene and worker are real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import slicer
from dicom_making import AXIAL, slice_positions, write_series
from driving import wait_for
from slicer.dicom import Database, ScalarVolumePlugin
from ThinSliceSRLib.desktop.dicom.dicom_export import ExportRequest
from ThinSliceSRLib.desktop.run.session import Session
from ThinSliceSRLib.desktop.scene.result_nodes import ResultNodes
from ThinSliceSRLib.desktop.scene.result_volume import ResultGrid
from ThinSliceSRLib.desktop.worker.outcome import Outcome, Progress

STUDY, SERIES, FRAME = "1.2.826.0.1.4711.1", "1.2.826.0.1.4711.2", "1.2.826.0.1.4711.3"
PATIENT = "Musterfrau^Erika"
PROVENANCE = {
    "Model": "cthnet-test 1",
    "ModelSha256": "0123456789abcdef" * 4,
    "EngineVersion": "0.1.0",
    "Device": "CPU",
    "Precision": "float32",
    "Air": "synthesised",
    "SlabConsistency": "on",
    "Seconds": "1.5",
    "SlabErrorMeanHU": "0.25",
    "SlabMm": "5.5",
    "SlabMmToldBy": "header",
    "ThickSpacingMm": "5",
    "SpacingMm": "1",
}
THICK_SLICES, ROWS, COLUMNS = 8, 36, 40


def write_thick_series(
    folder: Path,
    orientation: Sequence[float] = AXIAL,
    first: Sequence[float] = (-100.0, -80.0, -300.0),
    spacing_mm: float = 5.0,
    **tags: object,
) -> None:
    """A thick series that looks like a chest: lung in soft tissue."""
    hu = np.full((THICK_SLICES, ROWS, COLUMNS), 40, np.int16)
    hu[:, 9:-9, 6:-6] = -850
    hu += np.random.default_rng(3).integers(-20, 20, hu.shape, np.int16)
    identity = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "FrameOfReferenceUID": FRAME}
    identity |= {"PatientName": PATIENT, "PatientID": "PID-4711", "PatientPosition": "HFS", "Manufacturer": "Acme"}
    positions = slice_positions(THICK_SLICES, spacing_mm, orientation, first)
    write_series(folder, hu, positions, ImageOrientationPatient=list(orientation), **identity, **tags)


def load_into_scene(database: Database, folder: Path) -> slicer.vtkMRMLScalarVolumeNode:
    """Adds the series to the database and loads it, as a user does."""
    for path in sorted(folder.iterdir()):
        database.insert(path)
    return ScalarVolumePlugin().load(ScalarVolumePlugin().examineForImport([database.filesForSeries(SERIES)])[0])


def results_of_run(
    source: slicer.vtkMRMLScalarVolumeNode, *given: slicer.vtkMRMLScalarVolumeNode | None
) -> ResultNodes:
    """DLS and BIS nodes as a run leaves them, their voxels any HU."""
    results = ResultNodes.begin(source, *given)
    slices = source.GetImageData().GetDimensions()[2]
    results.set_grid(ResultGrid(2, 5 * (slices - 1) + 1, source.GetSpacing()[2] / 5))
    noise = np.random.default_rng(4)
    for voxels in (results.dls_slices(), results.bis_slices()):
        voxels[:] = noise.integers(-1024, 2000, voxels.shape, np.int16)
    results.shown()
    results.finish(PROVENANCE)
    return results


@dataclass
class Told:
    """What an export told."""

    progress: list[Progress] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def export(session: Session, request: ExportRequest) -> tuple[Outcome, Told]:
    """Exports to the end."""
    told = Told()
    session.start_export(request, on_progress=told.progress.append, on_ended=told.outcomes.append)
    wait_for(lambda: told.outcomes, 60)
    return told.outcomes[0], told


def new_series(database: Database) -> list[str]:
    return [uid for uid in database.seriesForStudy(STUDY) if uid != SERIES]
