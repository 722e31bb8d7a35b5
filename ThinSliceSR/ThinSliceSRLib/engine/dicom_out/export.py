"""Results that lie in files already, as DICOM series in the study of the series that they were made from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import product
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk

from ..errors import Cancelled, UnusableInput
from ..events.progress import Reporter
from ..events.told import ExportFinished
from ..files.reading import opened_input, read_volume
from ..silence import itk_silenced
from ..volumes.tilted_gantry import upright
from ..volumes.value_scale import told_scale
from ..volumes.volume import Volume
from .derivation import Derivation, derivation_of
from .pending_series import DicomOutput, PendingSeries

# Positions of slices are often rounded to a tenth of a millimetre, by which programs place the same slices differently.
SAME_GRID_MM = 0.2


def export_results(
    results: Sequence[Path],
    source: Path,
    output: DicomOutput,
    reporter: Reporter,
    undo: ExitStack,
    series: str | None = None,
    overwrite: bool = False,
) -> ExportFinished:
    """Writes each DLS or BIS volume as a series, and a doubt beside its DLS volume; returns the last event.

    source: the folder or ZIP file of the DICOM series that they were made from; `series` names one of several. The
    results lie where its slices say, to the last digit. undo: for what must be removed if the run is cancelled.
    Raises UnusableInput (`not_a_result`, `other_grid`, `same_target`, or as `read_volume` and `PendingSeries`) or
    CannotWrite; then nothing is left of them.
    """
    began = time.monotonic()
    volumes = sorted((_read_result(path) for path in results), key=lambda read: read[1].series)  # a doubt comes last
    names = [derivation.name for _, derivation in volumes]
    if len(set(names)) < len(names):
        raise UnusableInput(
            f"Two of the volumes are {names[0]}, which would become one series; export one by one.", "same_target"
        )
    with opened_input(source, undo) as place:  # a ZIP file is there as files only meanwhile
        thick = told_scale(upright(read_volume(place, series)), volumes[0][1].values)
        placed = [(on_grid_of(volume, thick), derivation) for volume, derivation in volumes]
        pending = PendingSeries(output, thick, overwrite, apart_from=(source, *results))
    undo.callback(pending.cancel)
    total = sum(len(volume.hu) for volume, _ in placed)
    before = 0
    reporter.progress("export", 0, total)
    with pending:
        for volume, derivation in placed:

            def tell_written(slices: int, before: int = before) -> None:
                reporter.progress("export", before + slices, total)

            pending.write(volume, derivation, tell_written)
            before += len(volume.hu)
    finished = ExportFinished(
        seconds=round(time.monotonic() - began, 1),
        outputs={"dicom": str(output.folder)},
        series={name: _series_uid(output.folder / name) for name in names},
    )
    with suppress(Cancelled):  # the series stand: it is too late to cancel, even if nobody listens any more
        reporter.progress("export", total, total)
        reporter.finished(finished)
    return finished


def on_grid_of(result: Volume, thick: Volume) -> Volume:
    """The voxels of `result` (k, j, i) with the exact place of the thick volume that it was made from.

    Raises UnusableInput (`other_grid`) when it does not reach from the first thick slice to the last, on the same rows
    and columns, as a result that was moved, cropped or resampled does not.
    """
    placed = thick.on_slice_grid(result.hu, result.spacing_mm[2])
    beyond_mm = (len(thick.hu) - 1) * thick.spacing_mm[2] - (len(result.hu) - 1) * result.spacing_mm[2]
    if (
        result.size[:2] != thick.size[:2]
        or np.abs(_corners(result) - _corners(placed)).max() > SAME_GRID_MM
        or not -SAME_GRID_MM < beyond_mm < result.spacing_mm[2]
    ):
        raise UnusableInput(
            "The volume does not lie where its source series lies: it was moved, cropped or resampled, or made from "
            "another series; export it as it was made.",
            "other_grid",
        )
    return placed


def _read_result(path: Path) -> tuple[Volume, Derivation]:
    volume = read_volume(path)
    derivation = derivation_of({} if path.is_dir() else _header(path))
    if volume.hu.dtype != np.int16:
        raise UnusableInput(
            "The HU of this volume are no whole numbers any more; export the volume as it was made.", "not_a_result"
        )
    return volume, derivation


def _header(path: Path) -> dict[str, str]:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    with itk_silenced():
        reader.ReadImageInformation()
    return {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}


def _corners(volume: Volume) -> np.ndarray:
    """The centres of the 8 corner voxels (8, 3), in mm."""
    indices = np.array(list(product((0, 1), repeat=3))) * (np.array(volume.size) - 1)
    return np.asarray(volume.origin_mm) + (indices * volume.spacing_mm) @ np.asarray(volume.direction).T


def _series_uid(folder: Path) -> str:
    header = pydicom.dcmread(next(folder.iterdir()), specific_tags=["SeriesInstanceUID"], stop_before_pixels=True)
    return str(header.SeriesInstanceUID)
