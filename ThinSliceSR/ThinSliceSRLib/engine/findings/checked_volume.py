"""Is a volume fit to be synthesised? Finding by finding; and it is made so where that can be done."""

from __future__ import annotations

from collections.abc import Sequence

from ..devices import main_memory
from ..errors import UnusableInput
from ..events.finding import LEVELS, Finding
from ..volumes.geometry import (
    NO_PLACE,
    OBLIQUE_DEGREES,
    SHEAR_TOLERANCE_DEGREES,
    degrees_from_patient_axis,
    has_place,
    shear_degrees,
)
from ..volumes.no_numbers import with_air_for_no_numbers
from ..volumes.tilted_gantry import is_correctable, lean_degrees, upright
from ..volumes.volume import UNKNOWN_MODALITY, Volume
from .on_slices import on_slices
from .on_values import on_values


def check_volume(
    volume: Volume,
    may_be_thin: bool = False,
    moves_slices: bool = True,
    seen: Sequence[Finding] | None = None,
) -> list[Finding]:
    """The findings on `volume`: errors, warnings, and notes if there are no errors; empty when there is nothing to say.

    may_be_thin: that the slices are thin already is a warning, not an error.
    moves_slices: whether the slices of a tilted gantry are moved upright, so that the result lies on another grid.
    seen: the findings on its values, where they are looked at by others; None looks at all of them here.
    Errors: no_place, too_few_slices, not_ct, synthetic, sheared, missing_slices, uneven_slices, already_thin,
    not_finite, too_small, constant, not_hu. Warnings: those of reading it, spacing_unusual, thickness_doubtful,
    slices_with_gaps, not_axial, tilt_corrected, no_numbers_around, wrapped_values, values_unlike_hu, no_lungs,
    slice_unlike_others, memory.
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
        *on_slices(volume, may_be_thin),
        *(on_values(volume) if seen is None else seen),
        *_on_memory(volume),
    ]
    if any(finding.level == "error" for finding in findings):
        findings = [finding for finding in findings if finding.level != "note"]
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def fit_volume(volume: Volume, may_be_thin: bool = False) -> tuple[Volume, list[Finding]]:
    """The volume as it is to be synthesised, and its warnings: upright, with air where no numbers are around the body.

    may_be_thin: as of `check_volume`. Raises UnusableInput with the first of its errors.
    """
    findings = check_volume(volume, may_be_thin)
    for finding in findings:
        if finding.level == "error":
            raise UnusableInput(finding.message, finding.code)
    return upright(with_air_for_no_numbers(volume)), findings


def _on_kind(volume: Volume) -> list[Finding]:
    modality = volume.acquisition.modality
    findings = []
    if modality == UNKNOWN_MODALITY:
        message = (
            "The series does not say whether it is CT (it has no modality); choose a CT series, or export it again."
        )
        findings.append(Finding("error", "not_ct", message))
    elif modality not in (None, "CT"):
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


def _on_memory(volume: Volume) -> list[Finding]:
    needed, available = main_memory.needed_bytes(volume), main_memory.available_bytes()
    if available is None or needed <= available:
        return []
    message = (
        f"A run needs about {needed / 1e9:.1f} GB of memory, but only {available / 1e9:.1f} GB are free; close other "
        "programs or crop the volume to the chest."
    )
    return [Finding("warning", "memory", message)]
