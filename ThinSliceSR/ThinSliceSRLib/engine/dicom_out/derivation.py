"""How a volume was derived from its source, in the words that its DICOM series carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..errors import UnusableInput
from ..provenance import Entry, entries_of
from ..volumes.value_scale import SCALES
from .codes import PROCESSING_EQUIPMENT, SYNTHESIZING_EQUIPMENT, Code
from .stored_text import LONGEST_LO, LONGEST_ST


@dataclass(frozen=True)
class Derivation:
    """name: for the series description and its folder. series: counts the series that are derived from one source.

    description, software: printable ASCII, which every character set of a source holds.
    values: on which scale its user said that the source is stored, see `value_scale.SCALES`; None: nobody said it.
    """

    name: str
    series: int
    description: str
    software: tuple[str, ...]
    role: Code
    values: str | None = None


def derivation_of(header: Mapping[str, str]) -> Derivation:
    """Of a result whose file has these header entries, which `provenance` has written. Others are not looked at.

    A DLS volume names its model in full: by its name and the SHA-256 of its weights.
    Raises UnusableInput (`not_a_result`) when they are not those of a finished DLS, BIS or doubt volume.
    """
    told = entries_of(header)
    derive = {"DLS": _dls, "BIS": _bis, "DOUBT": _doubt}.get(told.get("content", "").partition(":")[0])
    try:
        if derive:
            values = told.get("values")
            return replace(derive(told), values=values if values in SCALES else None)
    except KeyError:  # whoever wrote it left something out
        pass
    raise UnusableInput(
        "This volume does not say how it was made, as a DLS or BIS volume does in NRRD or MetaImage; make it again.",
        "not_a_result",
    )


def of_places(doubt: Derivation) -> Derivation:
    """Of the report of the places that were found with a doubt."""
    return replace(doubt, name="REPORT", series=4)


def _dls(told: Mapping[Entry, str]) -> Derivation:
    description = (
        "DLS: synthetic thin slices made by a neural network from the thick slices of the source series; for research "
        f"only, not for diagnosis. Model {told['model']}, SHA-256 of its weights {told['model_sha256']}. Computed on "
        f"{told['device']}, {told['precision']}; air around the body {told['air']}; slab consistency "
        f"{told['slab_consistency']}; means of slabs differ from the source by {told['slab_error_mean_hu']} HU on "
        f"average.{_of_slices(told)}{_tilt(told)}{_quality(told)}"
    )
    # The 64 digits are not the last value: padded to an even length, some programs take that for too long.
    software = (f"ThinSliceSR {told['engine_version']}", told["model_sha256"], f"model {told['model']}")
    versions = tuple(_plain(version, LONGEST_LO) for version in software if version)
    return Derivation("DLS", 1, _plain(description, LONGEST_ST), versions, SYNTHESIZING_EQUIPMENT)


def _quality(told: Mapping[Entry, str]) -> str:
    return " The mean over eight mirror images." if told.get("quality") == "best" else ""


def _bis(told: Mapping[Entry, str]) -> Derivation:
    description = (
        "BIS: thin slices interpolated by a cubic B-spline from the thick slices of the source series; for research "
        f"only, not for diagnosis.{_of_slices(told)}{_tilt(told)}"
    )
    version = _plain(f"ThinSliceSR {told['engine_version']}", LONGEST_LO)
    return Derivation("BIS", 2, description, (version,), PROCESSING_EQUIPMENT)


def _doubt(told: Mapping[Entry, str]) -> Derivation:
    description = (
        "DOUBT: expected absolute error in HU of each voxel of the DLS series, told by the neural network that made it "
        "and calibrated on volumes that it was not trained on; for research only, not for diagnosis. Low doubt is no "
        f"proof. Model {told['model']}, SHA-256 of its weights {told['model_sha256']}. Errors of "
        f"{told['doubt_expected_hu']} HU expected: 95 % lay within {told['doubt_reach_95_hu']} HU."
    )
    software = (f"ThinSliceSR {told['engine_version']}", told["model_sha256"], f"model {told['model']}")
    versions = tuple(_plain(version, LONGEST_LO) for version in software)
    return Derivation("DOUBT", 3, _plain(description, LONGEST_ST), versions, SYNTHESIZING_EQUIPMENT)


def _of_slices(told: Mapping[Entry, str]) -> str:
    """What is known of thick and thin slices; nothing where older results do not tell it."""
    if "slab_mm" not in told:
        return ""
    assumed = " (assumed)" if told.get("slab_mm_told_by") == "nobody" else ""
    return (
        f" The thick slices are {told['slab_mm']} mm thick{assumed} and {told['thick_spacing_mm']} mm apart, these "
        f"{told['spacing_mm']} mm apart."
    )


def _tilt(told: Mapping[Entry, str]) -> str:
    degrees = told.get("tilt_corrected_degrees")
    if degrees is None:
        return ""
    return f" The gantry was tilted by {degrees} degrees; the slices were moved in their planes onto an upright grid."


def _plain(text: str, longest: int) -> str:
    """`text` in printable ASCII, without the backslash that separates values: weights and GPUs have any name."""
    return "".join(letter if " " <= letter <= "~" and letter != "\\" else "?" for letter in text)[:longest]
