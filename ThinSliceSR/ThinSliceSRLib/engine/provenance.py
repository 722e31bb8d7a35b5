"""What a result says of itself in its file's header, so that a synthetic volume is known for one wherever it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from . import ENGINE_VERSION
from .calibration.calibration import COVERAGES, SlabCalibration
from .volumes.slab_profile import SlabProfile, slab_profile_of
from .volumes.slice_thickness import thickness_told_by

if TYPE_CHECKING:  # who reads an entry need not load PyTorch
    from .synthesis.synthesize import Synthesis
    from .volumes.volume import Volume
    from .weights.weights_file import Model

# What a header may tell, each entry under its name behind the prefix.
Entry = Literal[
    "content",
    "synthetic",
    "unit",
    "model",
    "model_sha256",
    "device",
    "precision",
    "air",
    "quality",
    "slab_bell_share",
    "slab_consistency",
    "slab_error_mean_hu",
    "tilt_corrected_degrees",
    "doubt_expected_hu",
    "doubt_reach_50_hu",
    "doubt_reach_80_hu",
    "doubt_reach_90_hu",
    "doubt_reach_95_hu",
    "slab_mm",
    "slab_mm_told_by",
    "values",
    "thick_spacing_mm",
    "spacing",
    "spacing_mm",
    "engine_version",
]
ENTRIES: tuple[Entry, ...] = get_args(Entry)
REACHES: tuple[Entry, ...] = ("doubt_reach_50_hu", "doubt_reach_80_hu", "doubt_reach_90_hu", "doubt_reach_95_hu")
PREFIX = "ThinSliceSR_"
DLS_CONTENT = "DLS: synthetic thin slices made by a neural network from thick slices; for research only"
BIS_CONTENT = "BIS: thin slices interpolated from thick slices by a cubic B-spline"
DIFFERENCE_CONTENT = "DLS minus BIS: what the network added to the interpolation; synthetic, for research only"
DOUBT_CONTENT = "DOUBT: expected absolute error of the DLS volume in HU; low doubt is no proof"


def dls_header(model: Model, synthesis: Synthesis, slab_consistent: bool, tilt_degrees: float = 0.0) -> dict[str, str]:
    """Header entries of a DLS volume. tilt_degrees: by which the thick slices were moved upright."""
    return _header(
        {
            "content": DLS_CONTENT,
            "synthetic": "yes",
            "model": model.label,
            "model_sha256": model.sha256,
            "device": synthesis.device,
            "precision": synthesis.precision,
            "air": synthesis.air,
            "quality": synthesis.quality,
            "slab_bell_share": f"{synthesis.profile.bell:.2f}",
            "slab_consistency": on_or_off(slab_consistent),
            "slab_error_mean_hu": f"{synthesis.slab_error.mean:.3f}",
            **_tilt(tilt_degrees),
        }
    )


def preview_header(model: Model) -> dict[str, str]:
    """Header entries of a preview."""
    content = "unfinished DLS: synthetic thin slices before the slab correction, BIS where none are made yet"
    return _header({"content": content, "synthetic": "yes", "model": model.label})


def bis_header(tilt_degrees: float = 0.0) -> dict[str, str]:
    """Header entries of a BIS volume. tilt_degrees: as of `dls_header`."""
    return _header({"content": BIS_CONTENT, "synthetic": "yes", **_tilt(tilt_degrees)})


def doubt_header(model: Model, calibration: SlabCalibration, tilt_degrees: float = 0.0) -> dict[str, str]:
    """Header entries of a doubt volume. tilt_degrees: as of `dls_header`.

    The calibration stands in it as rows of HU: where an error of `doubt_expected_hu` is expected, errors reach as far
    as `doubt_reach_50_hu` and so on, with the probabilities of 50, 80, 90 and 95 %.
    """
    levels = np.unique([hu for curve in calibration.reach for hu in curve.at_hu])
    shares = zip(REACHES, COVERAGES, strict=True)
    reach = {entry: _row(calibration.reach_hu(levels, share)) for entry, share in shares}
    return _header(
        {
            "content": DOUBT_CONTENT,
            "unit": "HU",
            "synthetic": "yes",
            "model": model.label,
            "model_sha256": model.sha256,
            "doubt_expected_hu": _row(levels),
            **reach,
            **_tilt(tilt_degrees),
        }
    )


def difference_header(model: Model) -> dict[str, str]:
    """Header entries of a DLS - BIS volume."""
    return _header(
        {
            "content": DIFFERENCE_CONTENT,
            "unit": "HU",
            "synthetic": "yes",
            "model": model.label,
            "model_sha256": model.sha256,
        }
    )


def thick_slices_entries(thick: Volume, spacing: str | float, spacing_mm: float) -> dict[str, str]:
    """Further header entries of a result: the thick slices that it was made of, and how far apart its own are: as
    it was asked for (`spacing`) and in mm."""
    profile = slab_profile_of(thick)
    return _header(
        {
            "slab_mm": f"{profile.thickness_mm:g}",
            "slab_mm_told_by": thickness_told_by(thick),
            "values": thick.acquisition.values or "as stored",
            "thick_spacing_mm": f"{profile.spacing_mm:g}",
            "spacing": str(spacing),
            "spacing_mm": f"{spacing_mm:g}",
        }
    )


def simulated_thick_header(profile: SlabProfile) -> dict[str, str]:
    """Header entries of a simulated thick volume."""
    shape = " weighted as a bell" if profile.bell else ""
    slabs = f"slabs of {profile.thickness_mm:g} mm every {profile.spacing_mm:g} mm{shape}"
    return _header({"content": f"thick slices simulated as means of {slabs}", "synthetic": "yes"})


def phantom_header(seed: int) -> dict[str, str]:
    """Header entries of the phantom."""
    return _header({"content": f"a chest phantom, no patient (seed {seed})", "synthetic": "yes"})


def entry_key(entry: Entry) -> str:
    """The name of an entry in a header."""
    return PREFIX + entry


def entries_of(header: Mapping[str, str]) -> dict[Entry, str]:
    """What a header tells of a result, by entry; whatever else it holds is left out."""
    return {entry: header[entry_key(entry)] for entry in ENTRIES if entry_key(entry) in header}


def on_or_off(choice: bool) -> str:
    """As options take it, and headers and events tell it."""
    return "on" if choice else "off"


def _row(values: np.ndarray) -> str:
    return " ".join(f"{value:.1f}" for value in values)


def _tilt(degrees: float) -> dict[Entry, str]:
    return {"tilt_corrected_degrees": f"{degrees:.1f}"} if degrees else {}


def _header(entries: Mapping[Entry, str]) -> dict[str, str]:
    return {
        **{entry_key(entry): value for entry, value in entries.items()},
        entry_key("engine_version"): ENGINE_VERSION,
    }
