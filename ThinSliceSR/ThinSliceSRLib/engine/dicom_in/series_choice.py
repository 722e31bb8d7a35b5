"""Which of the series of an input is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..errors import UnusableInput
from ..events.finding import Finding
from ..volumes.geometry import OBLIQUE_DEGREES, degrees_from_patient_axis
from ..volumes.slice_steps import ROUNDING_MM, SAME_PLACE_MM, THIN_MM
from ..volumes.volume import UNKNOWN_MODALITY
from .body_region import Region, plain_capitals, region_of
from .series import DicomSeries
from .thickest import thicker_one

# Of image types and descriptions, as words parted by one space: slices that are made of others, not as means of slabs.
PROJECTIONS = (
    "MIP",
    "MIPS",
    "MINIP",
    "MINIPS",
    "MNIP",
    "MAXIP",
    "AVIP",
    "AIP",
    "MIN IP",
    "MAX IP",
    "AVERAGE",
    "AVG",
    "MAXIMUM INTENSITY",
    "MINIMUM INTENSITY",
    "PROJECTION",
    "SUBTRACTION",
    "VRT",
    "SSD",
    "VOLUME RENDER",
    "VOLUME RENDERING",
    "SURFACE RENDER",
    "CURVED MPR",
)
# Of image types alone (PS3.3 C.8.15.2.1.1, C.8.16.1.4): in a description, MAXIMUM may be that of an inspiration.
CALCULATED = ("MAXIMUM", "MINIMUM", "MEAN", "STD DEVIATION")
MOST_LISTED = 8
AT_ONE_PLACE = "All its slices lie at one place."


def choose_series(found: Sequence[DicomSeries], named: str | None = None) -> DicomSeries:
    """The only fitting series, or the one that `named` means: a name (see `DicomSeries.name`), a UID, a number, a
    description or a part of one.

    Fitting: see `why_left_out`. Of several of one study the thick one is taken, if one clearly is (see `Stack`), with
    a warning that names the others. When none is and there is but one CT, or one series
    at all, it is taken: the check of the volume then says what is wrong with it.
    Raises UnusableInput: `no_series` (none, or none of that name), `several_series`, `multi_frame`.
    """
    if not found:
        raise UnusableInput(
            "The input holds no DICOM images, or only localisers (scouts) or pictures that do not say where they lie; "
            "give the folder or the ZIP file of a CT series.",
            "no_series",
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
    return why_left_out(series) is None


def why_left_out(series: DicomSeries) -> str | None:
    """One sentence on why a series is not taken by itself; None for thick chest CT, see `is_fitting`."""
    if len(series.slices) == 1:
        return "It holds a single slice."
    reason = why_unlikely(series)
    if reason is None and series.spacing_mm <= SAME_PLACE_MM:
        return AT_ONE_PLACE
    if reason is None and series.spacing_mm <= THIN_MM + ROUNDING_MM:
        return f"Its slices lie {series.spacing_mm:.3g} mm apart, so they are thin already."
    return reason


def why_unlikely(series: DicomSeries) -> str | None:
    """As `why_left_out`, by what is there of a series, one slice at least."""
    if series.modality != "CT":
        return (
            f"It is {series.modality}, not CT."
            if series.modality != UNKNOWN_MODALITY
            else "It does not say whether it is CT."
        )
    if series.synthetic:
        return "It is synthetic."
    if not series.slices:
        return "Its images do not say where they lie."
    if not all(item.is_hu for item in series.slices):
        return "Its values are no HU but another quantity."
    if is_derived(series):
        return "It is made from other slices (a projection as MIP or MinIP, or a reformatted series)."
    if degrees_from_patient_axis(series.slices[0].normal) > OBLIQUE_DEGREES:
        return "Its slices are not axial."
    if region(series) == "other":
        return f'It shows no chest, by its body part "{series.body_part}" and its description "{series.description}".'
    return None


def warnings_about(series: DicomSeries) -> tuple[Finding, ...]:
    """What is to be said of a series that is taken although it would not be by itself."""
    warnings = []
    if is_derived(series):
        message = (
            "The series is made from other slices (a projection as MIP or MinIP, or a reformatted series), which are "
            "no means of slabs as the network expects; use the plain series if there is one."
        )
        warnings.append(Finding("warning", "derived", message))
    if region(series) == "other":
        message = (
            "The series shows no chest, by its body part or description, but the network is made for chests; look at "
            "the result with care."
        )
        warnings.append(Finding("warning", "no_chest", message))
    return tuple(warnings)


def region(series: DicomSeries) -> Region:
    """What its texts say of the part of the body."""
    return region_of(series.body_part, series.description, series.protocol, series.study)


def is_derived(series: DicomSeries) -> bool:
    """Whether its values were computed from other slices, by its image type (PS3.3 C.7.6.1.1.2) or description.

    DERIVED alone says as much of slices that were only compressed; together with SECONDARY it does not.
    """
    told = [_words(text) for text in (*series.image_type, series.description)]
    projected = any(f" {name} " in text for name in PROJECTIONS for text in told)
    projected = projected or any(re.search("(MIP|MINIP) ", text) for text in told)
    calculated = any(text.strip() in CALCULATED for text in told[:-1])
    return projected or calculated or series.image_type[:2] == ("DERIVED", "SECONDARY")


def _words(text: str) -> str:
    """In capitals, with a space before and after each."""
    return f" {' '.join(re.findall('[A-Z]+', plain_capitals(text)))} "


def _is_scanned_ct(series: DicomSeries) -> bool:
    return series.modality == "CT" and not series.synthetic and len(series.slices) > 1


def _only(found: Sequence[DicomSeries]) -> DicomSeries:
    fitting = [item for item in found if is_fitting(item)]
    stacks = [item.stack for item in fitting]
    thick = [number for number, stack in enumerate(stacks) if thicker_one(stack, stacks) is None]
    if len(thick) == 1 < len(fitting):
        thickest = fitting.pop(thick[0])
        message = f"Of the series that fit, the thickest was taken; name another one to take it: {_listed(fitting)}."
        return replace(thickest, warnings=(*thickest.warnings, Finding("warning", "thickest_taken", message)))
    others = [item for item in found if _is_scanned_ct(item)] or found
    if len(fitting or others) == 1:
        return (fitting or others)[0]
    if len(found) > 2 and len({str(item) for item in found}) == 1 == len(found[0].slices):
        raise UnusableInput(
            f"Each of the {len(found)} images is a series of its own (no other one has its Series Instance UID), so "
            "nothing tells which of them belong together; export the series again.",
            "several_series",
        )
    reason = "Several series fit" if fitting else "No series is known as a chest CT in thick axial slices"
    raise UnusableInput(
        f"{reason}; name one by its number, description or UID: {_listed(fitting or found)}.", "several_series"
    )


def _named(found: Sequence[DicomSeries], named: str) -> DicomSeries:
    wanted = named.strip().casefold()
    ways = (
        lambda item: item.name == named.strip(),
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
    told = [str(item) for item in series]
    names = [
        f"{text}, UID {item.name}" if told.count(text) > 1 else text for text, item in zip(told, series, strict=True)
    ]
    listed = ", ".join(names[:MOST_LISTED])
    return f"{listed} and {more} more, which `check` lists" if more > 0 else listed
