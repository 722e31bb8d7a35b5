"""Which of the series of an input is meant."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UnusableInput
from .dicom_slices import DicomSeries
from .geometry import OBLIQUE_DEGREES, degrees_from_patient_axis
from .slice_steps import ROUNDING_MM, THIN_MM

# Body Part Examined (PS3.16 annex L): the values of what includes a chest contain one of these.
CHEST_WORDS = ("CHEST", "THORAX", "LUNG", "TORSO", "BODY")
MOST_LISTED = 8


def choose_series(found: Sequence[DicomSeries], named: str | None = None) -> DicomSeries:
    """The only fitting series, or the one that `named` means: a UID, a number, a description or a part of one.

    Fitting: CT of a chest in thick axial slices, made by a scanner. When none is and there is but one CT, or one series
    at all, it is taken: the check of the volume then says what is wrong with it.
    Raises UnusableInput: `no_series` (none, or none of that name), `several_series`, `multi_frame`.
    """
    if not found:
        raise UnusableInput(
            "The input holds no DICOM images; give the folder or the ZIP file of a CT series.", "no_series"
        )
    chosen = _only(found) if named is None else _named(found, named)
    if chosen.multi_frame:
        raise UnusableInput(
            "The series is stored as a multi-frame object that does not tell where each frame lies; export it as "
            "single slices or as enhanced CT.",
            "multi_frame",
        )
    return chosen


def is_fitting(series: DicomSeries) -> bool:
    """Whether it is CT (in HU) in thick axial slices, of a chest or of what it does not tell, made by a scanner."""
    return len(series.slices) > 1 and series.spacing_mm > THIN_MM + ROUNDING_MM and may_fit(series)


def may_fit(series: DicomSeries) -> bool:
    """Whether what is there of a series, one slice at least, does not speak against its fitting."""
    return (
        len(series.slices) > 0
        and series.modality == "CT"
        and not series.synthetic
        and all(item.is_hu for item in series.slices)
        and degrees_from_patient_axis(series.slices[0].normal) <= OBLIQUE_DEGREES
        and (not series.body_part or any(word in series.body_part.upper() for word in CHEST_WORDS))
    )


def _is_scanned_ct(series: DicomSeries) -> bool:
    return series.modality == "CT" and not series.synthetic and len(series.slices) > 1


def _only(found: Sequence[DicomSeries]) -> DicomSeries:
    fitting = [item for item in found if is_fitting(item)]
    others = [item for item in found if _is_scanned_ct(item)] or found
    if len(fitting or others) == 1:
        return (fitting or others)[0]
    reason = "Several series fit" if fitting else "No series is known as a chest CT in thick axial slices"
    raise UnusableInput(
        f"{reason}; name one by its number, description or UID: {_listed(fitting or found)}.", "several_series"
    )


def _named(found: Sequence[DicomSeries], named: str) -> DicomSeries:
    wanted = named.strip().casefold()
    ways = (
        lambda item: item.uid == named.strip(),
        lambda item: str(item.number) == wanted,
        lambda item: item.description.casefold() == wanted,
        lambda item: wanted in item.description.casefold(),
    )
    fitting = next((fitting for way in ways if (fitting := [item for item in found if way(item)])), [])
    if not fitting:
        raise UnusableInput(f"No series of the input is {named!r}; it holds {_listed(found)}.", "no_series")
    if len(fitting) > 1:
        raise UnusableInput(
            f"Several series are called so; name one by its UID, which `check` lists: {_listed(fitting)}.",
            "several_series",
        )
    return fitting[0]


def _listed(series: Sequence[DicomSeries]) -> str:
    more = len(series) - MOST_LISTED
    listed = ", ".join(str(item) for item in series[:MOST_LISTED])
    return f"{listed} and {more} more, which `check` lists" if more > 0 else listed
