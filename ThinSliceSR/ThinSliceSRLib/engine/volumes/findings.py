"""Is a volume fit to be synthesised? What the `check` verb answers, finding by finding."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UnusableInput
from . import memory
from .dicom_index import find_series
from .dicom_series import read_series
from .dicom_slices import DicomSeries
from .finding import LEVELS
from .finding import Finding as Finding
from .geometry import (
    NO_PLACE,
    OBLIQUE_DEGREES,
    SHEAR_TOLERANCE_DEGREES,
    degrees_from_patient_axis,
    has_place,
    shear_degrees,
)
from .masks import lung_share
from .no_numbers import has_no_numbers, no_numbers_in_body, with_air_for_no_numbers
from .reading import holds_dicom, opened_input, read_volume
from .series_choice import choose_series
from .slab_profile import slab_profile_of
from .slice_steps import ROUNDING_MM, THIN_MM, slice_steps
from .slice_thickness import with_thickness
from .tilted_gantry import is_correctable, lean_degrees, upright
from .value_scale import AIR_HU, in_hu, on_scale
from .volume import Volume

USUAL_SPACING_MM = (2.0, 10.0)
# Positions are rounded, so the distance of slices is not known better.
THICKNESS_TOLERANCE = 0.02
# Slices see a little beyond their nominal thickness: gaps that are smaller than the rest are none.
GAP_OVERLAP = 0.9

# A CT of a chest holds both. Padding outside of the field of view (-2000, -3024) counts for neither.
LUNG_AND_AIR_HU = (-1100, -300)
SOFT_TISSUE_HU = (-200, 300)
LEAST_SHARE = 0.03
# Bone is a few percent of a chest; a slope that is too large makes bone of all that is soft.
BONE_HU = 500
MOST_BONE_SHARE = 0.1
# Of tissue and lung together: chest, abdomen and pelvis in one have more, a head with its blurred edges has less.
LEAST_LUNG = 0.05
# Neighbouring slices of 5 mm differ by some 30 HU on average; a wrong slope or intercept by hundreds.
UNLIKE_NEIGHBOURS_HU = 200


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


def check_volume(volume: Volume, may_be_thin: bool = False, moves_slices: bool = True) -> list[Finding]:
    """The findings on `volume`: errors, warnings, and notes if there are no errors; empty when there is nothing to say.

    may_be_thin: that the slices are thin already is a warning, not an error.
    moves_slices: whether the slices of a tilted gantry are moved upright, so that the result lies on another grid.
    Errors: no_place, too_few_slices, not_ct, synthetic, sheared, missing_slices, uneven_slices, already_thin,
    not_finite, too_small, constant, not_hu. Warnings: those of reading it, spacing_unusual, thickness_doubtful,
    slices_with_gaps, not_axial, tilt_corrected, no_numbers_around, values_unlike_hu, no_lungs, slice_unlike_others,
    memory.
    Notes: thickness_unknown.
    """
    if not has_place(volume):
        return [Finding("error", "no_place", NO_PLACE)]
    if volume.size[volume.through_plane_axis] < 2:
        return [Finding("error", "too_few_slices", "The volume has fewer than 2 slices; give the whole series.")]
    findings = [
        *volume.acquisition.warnings,
        *_on_kind(volume),
        *_on_geometry(volume, moves_slices),
        *_on_slices(volume, may_be_thin),
        *_on_values(volume),
        *_on_memory(volume),
    ]
    if any(finding.level == "error" for finding in findings):
        findings = [finding for finding in findings if finding.level != "note"]
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def _on_kind(volume: Volume) -> list[Finding]:
    modality = volume.acquisition.modality
    findings = []
    if modality not in (None, "CT"):
        findings.append(Finding("error", "not_ct", f"The series is {modality}, not CT; choose a CT series."))
    if volume.acquisition.synthetic:
        message = "The series is synthetic, so no scanner measured what it shows; choose the series that it is made of."
        findings.append(Finding("error", "synthetic", message))
    return findings


def _on_geometry(volume: Volume, moves_slices: bool) -> list[Finding]:
    findings = []
    shear = shear_degrees(volume.direction)
    if is_correctable(volume) and moves_slices:
        message = (
            f"The gantry was tilted by {lean_degrees(volume):.1f} degrees; the slices are moved within their planes "
            "onto an upright grid, so the result has other edges than the input."
        )
        findings.append(Finding("warning", "tilt_corrected", message))
    elif shear > SHEAR_TOLERANCE_DEGREES:
        message = (
            f"The slices are sheared by {shear:.1f} degrees (a tilted gantry, for example); resample the volume to "
            "right angles first."
        )
        findings.append(Finding("error", "sheared", message))
    angle = degrees_from_patient_axis(volume.direction[:, volume.through_plane_axis])
    if angle > OBLIQUE_DEGREES:
        message = (
            f"The slices are not axial (they are stacked {angle:.0f} degrees off the head-foot axis), but the "
            "network is made for axial ones; use the axial series if there is one."
        )
        findings.append(Finding("warning", "not_axial", message))
    return findings


def _on_slices(volume: Volume, may_be_thin: bool) -> list[Finding]:
    findings = []
    positions = volume.acquisition.slice_positions_mm
    if positions is not None:
        steps = slice_steps(positions)
        if steps.missing_mm:
            message = f"Slices are missing at {_listed(steps.missing_mm)} mm; export the whole series again."
            findings.append(Finding("error", "missing_slices", message))
        if steps.doubled_mm:
            doubled = _listed(steps.doubled_mm)
            message = f"More than one slice lies at {doubled} mm; choose a series with one slice at each position."
            findings.append(Finding("error", "uneven_slices", message))
        if steps.uneven_mm:
            message = (
                f"The slices are not evenly spaced: the step after {_listed(steps.uneven_mm)} mm is not the usual "
                f"{steps.step_mm:.4g} mm, as when two series are mixed; choose an evenly spaced series."
            )
            findings.append(Finding("error", "uneven_slices", message))
            return findings  # their usual step tells nothing, as of two series that are interleaved
    on_spacing = _on_spacing(volume, may_be_thin)
    if findings:  # as of missing slices, among which it is not known how far apart the others are
        return [*findings, *on_spacing]
    return [*on_spacing, *_on_thickness(volume)]


def _on_spacing(volume: Volume, may_be_thin: bool) -> list[Finding]:
    spacing = _slice_spacing_mm(volume)
    apart = f"The slices are only {spacing:.3g} mm apart, so they are thin already"
    if spacing <= THIN_MM + ROUNDING_MM:
        if may_be_thin:
            return [Finding("warning", "already_thin", f"{apart}; compare the result with this volume itself.")]
        message = f"{apart}; use this volume as it is, or make thinner ones all the same (synthesize --force)."
        return [Finding("error", "already_thin", message)]
    if USUAL_SPACING_MM[0] - ROUNDING_MM <= spacing <= USUAL_SPACING_MM[1] + ROUNDING_MM:
        return []
    message = (
        f"The slices are {spacing:.3g} mm apart, but the network is made for 2 to 10 mm; look at the result with care."
    )
    return [Finding("warning", "spacing_unusual", message)]


def _on_thickness(volume: Volume) -> list[Finding]:
    thickness = volume.acquisition.slice_thickness_mm
    taken = slab_profile_of(volume)
    if thickness is None:
        message = (
            "The file does not say how thick its slices are, so they are taken to be as thick as they are apart, "
            f"{taken.spacing_mm:.3g} mm; if not, give --slab-mm."
        )
        return [Finding("note", "thickness_unknown", message)]
    findings = []
    both = f"The slices are said to be {thickness:.3g} mm thick but are {taken.spacing_mm:.3g} mm apart"
    if abs(thickness - taken.thickness_mm) > THICKNESS_TOLERANCE * thickness:
        message = (
            f"{both}, so they are taken to be {taken.thickness_mm:.3g} mm thick; if the first number is wrong, give "
            "the true thickness (--slab-mm)."
        )
        findings.append(Finding("warning", "thickness_doubtful", message))
    if thickness < (GAP_OVERLAP - THICKNESS_TOLERANCE) * taken.spacing_mm:
        message = f"{both}, so what lies between them was never scanned; do not rely on details there."
        findings.append(Finding("warning", "slices_with_gaps", message))
    return findings


def fit_volume(volume: Volume, may_be_thin: bool = False) -> tuple[Volume, list[Finding]]:
    """The volume as it is to be synthesised, and its warnings: upright, with air where no numbers are around the body.

    may_be_thin: as of `check_volume`. Raises UnusableInput with the first of its errors.
    """
    findings = check_volume(volume, may_be_thin)
    for finding in findings:
        if finding.level == "error":
            raise UnusableInput(finding.message, finding.code)
    return upright(with_air_for_no_numbers(volume)), findings


def _on_values(volume: Volume) -> list[Finding]:
    findings = []
    if has_no_numbers(volume.hu):
        wrong = int(np.count_nonzero(~np.isfinite(volume.hu)))
        inside = no_numbers_in_body(volume)
        if inside:
            message = (
                f"No number (NaN or infinity) stands in {inside} of the voxels within the body; export the volume "
                "again."
            )
            return [Finding("error", "not_finite", message)]
        message = (
            f"No number (NaN or infinity) stands in {wrong} of the voxels around the body; they are taken for air "
            f"({AIR_HU} HU)."
        )
        findings.append(Finding("warning", "no_numbers_around", message))
        volume = with_air_for_no_numbers(volume)
    if cannot_be_hu := on_scale(volume):
        return [*findings, *cannot_be_hu]
    hu = volume.hu
    # Slice by slice, as the cache of a processor holds one: faster than all at once.
    lung, soft = (
        sum(np.count_nonzero((slice_ >= low) & (slice_ <= high)) for slice_ in hu) / hu.size
        for low, high in (LUNG_AND_AIR_HU, SOFT_TISSUE_HU)
    )
    bone = sum(np.count_nonzero(slice_ > BONE_HU) for slice_ in hu) / hu.size
    if min(lung, soft) < LEAST_SHARE or bone > MOST_BONE_SHARE:
        message = (
            "The values do not look like the Hounsfield units of a chest (air near -1000, soft tissue near 0); make "
            "sure that rescale slope and intercept are right and were applied."
        )
        findings.append(Finding("warning", "values_unlike_hu", message))
    elif lung_share(hu) < LEAST_LUNG:
        message = (
            "Hardly any lung is in the picture, so it may be no chest, but the network is made for chests; look at the "
            "result with care."
        )
        findings.append(Finding("warning", "no_lungs", message))
    unlike = _slices_unlike_others(volume)
    if unlike:
        message = (
            f"{len(unlike)} of the slices (number {unlike[0] + 1} in order of place, for example) differ from their "
            f"neighbours by more than {UNLIKE_NEIGHBOURS_HU} HU on average, as with a wrong rescale slope or "
            "intercept; look at them and export the series again."
        )
        findings.append(Finding("warning", "slice_unlike_others", message))
    return findings


def _slices_unlike_others(volume: Volume) -> list[int]:
    """Indices of slices whose mean HU is far from that of every slice within two steps of them."""
    slices = np.moveaxis(volume.hu, 2 - volume.through_plane_axis, 0)
    # Many types of integers cannot hold the HU of air, and few can hold their sum.
    means = np.array([np.maximum(values, np.float32(AIR_HU)).mean(dtype=np.float64) for values in slices])
    unlike = []
    for k, mean in enumerate(means):
        others = np.concatenate([means[max(0, k - 2) : k], means[k + 1 : k + 3]])
        if len(means) > 2 and np.abs(others - mean).min() > UNLIKE_NEIGHBOURS_HU:
            unlike.append(k)
    return unlike


def _on_memory(volume: Volume) -> list[Finding]:
    needed, available = memory.needed_bytes(volume), memory.available_bytes()
    if available is None or needed <= available:
        return []
    message = (
        f"A run needs about {needed / 1e9:.1f} GB of memory, but only {available / 1e9:.1f} GB are free; close other "
        "programs or crop the volume to the chest."
    )
    return [Finding("warning", "memory", message)]


def _slice_spacing_mm(volume: Volume) -> float:
    """The usual step between slices along their normal, which missing slices do not widen where positions are known."""
    positions = volume.acquisition.slice_positions_mm
    lean = np.radians(lean_degrees(volume) if is_correctable(volume) else 0)
    return (
        volume.spacing_mm[volume.through_plane_axis] * float(np.cos(lean))
        if positions is None
        else slice_steps(positions).step_mm
    )


def _listed(positions_mm: Sequence[float]) -> str:
    """The first positions in words."""
    shown = ", ".join(f"{position:.1f}" for position in positions_mm[:5])
    more = len(positions_mm) - 5
    return f"{shown} and {more} more" if more > 0 else shown
