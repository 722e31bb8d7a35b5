"""Is an input fit to be synthesised? What the `check` verb answers."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..dicom_in.series import DicomSeries
from ..dicom_in.series_choice import choose_series
from ..dicom_in.series_index import find_series
from ..dicom_in.series_reading import read_series
from ..errors import UnusableInput
from ..events.finding import Finding
from ..files.reading import holds_dicom, opened_input, read_volume
from ..volumes.slice_thickness import with_thickness
from ..volumes.value_scale import in_hu
from ..volumes.volume import Volume
from .checked_volume import check_volume


@dataclass(frozen=True)
class CheckedInput:
    """The findings on an input and, if it is DICOM, the series that are there and the one that was checked.

    volume: what was read, where that was possible."""

    findings: list[Finding]
    series: tuple[DicomSeries, ...] = ()
    chosen: DicomSeries | None = None
    volume: Volume | None = None


def check_input(
    path: Path,
    series: str | None = None,
    undo: ExitStack | None = None,
    slab_mm: float | None = None,
    values: str | None = None,
) -> CheckedInput:
    """The findings on the input at `path` (see `read_volume`); that it cannot be read is one of them.

    undo: as in `opened_input`. slab_mm: how thick the slices are, if the user says so. values: on
    which scale, see `in_hu`.
    Raises DeviceError when the memory does not suffice to read it, CannotWrite as `opened_input`.
    """
    found: list[DicomSeries] = []
    chosen = None
    try:
        with opened_input(path, undo) as place:
            if holds_dicom(place):
                found = find_series(place)
                chosen = choose_series(found, series)
                volume = read_series(chosen)
            else:
                volume = read_volume(place, series)
            volume = in_hu(volume, values)
    except UnusableInput as error:
        return CheckedInput([Finding("error", error.code, str(error))], tuple(found), chosen)
    volume = with_thickness(volume, slab_mm)
    return CheckedInput(check_volume(volume), tuple(found), chosen, volume)
