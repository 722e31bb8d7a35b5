"""Findings on the slices of a volume: whether they lie evenly, how far apart they are, and how thick."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..events.finding import Finding
from ..volumes.slab_profile import slab_profile_of
from ..volumes.slice_steps import ROUNDING_MM, THIN_MM, SliceSteps, slice_steps
from ..volumes.tilted_gantry import is_correctable, lean_degrees
from ..volumes.volume import Volume

USUAL_SPACING_MM = (2.0, 10.0)
# Positions are rounded, so the distance of slices is not known better.
THICKNESS_TOLERANCE = 0.02
# Slices see a little beyond their nominal thickness: gaps that are smaller than the rest are none.
GAP_OVERLAP = 0.9


def on_slices(volume: Volume, may_be_thin: bool) -> list[Finding]:
    """Errors, warnings and notes on where the slices of `volume` lie and how thick they are; see `check_volume`."""
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
    drift = [] if positions is None else _on_drift(slice_steps(positions))
    return [*drift, *on_spacing, *_on_thickness(volume)]


def _on_drift(steps: SliceSteps) -> list[Finding]:
    if not steps.off_grid_mm:
        return []
    message = (
        f"The steps between the slices drift, so slices lie up to {steps.off_grid_mm:.1f} mm off the even grid of the "
        "result; do not measure across slices there, or choose an evenly spaced series."
    )
    # Nearer to the place of another slice than to its own, it would be taken for that one.
    return [Finding("warning" if steps.off_grid_mm < steps.step_mm / 2 else "error", "uneven_slices", message)]


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
