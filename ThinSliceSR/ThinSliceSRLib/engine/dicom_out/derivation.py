"""How a volume was derived from its source, in the words that its DICOM series carries."""

from __future__ import annotations

from dataclasses import dataclass

from .. import ENGINE_VERSION
from ..synthesis.synthesize import Synthesis
from ..weights.weights_file import Model
from .codes import PROCESSING_EQUIPMENT, SYNTHESIZING_EQUIPMENT, Code

# PS3.5 table 6.2-1, VR LO and ST.
LONGEST_VERSION = 64
LONGEST_DESCRIPTION = 1024


@dataclass(frozen=True)
class Derivation:
    """name: for the series description and its folder. series: counts the series that are derived from one source.

    description, software: printable ASCII, which every character set of a source holds.
    """

    name: str
    series: int
    description: str
    software: tuple[str, ...]
    role: Code


def dls_derivation(model: Model, synthesis: Synthesis, slab_consistent: bool) -> Derivation:
    """Of a DLS volume. The model is named in full: by its name and the SHA-256 of its weights."""
    description = (
        "DLS: synthetic thin slices made by a neural network from the thick slices of the source series; for research "
        f"only, not for diagnosis. Model {model.label}, SHA-256 of its weights {model.sha256}. Computed on "
        f"{synthesis.device}, {synthesis.precision}; slab consistency {'on' if slab_consistent else 'off'}; means of "
        f"slabs differ from the source by {synthesis.slab_error.mean:.3f} HU on average."
    )
    # The 64 digits are not the last value: padded to an even length, some programs take that for too long.
    software = (f"ThinSliceSR {ENGINE_VERSION}", model.sha256, f"model {model.label}")
    versions = tuple(_plain(version, LONGEST_VERSION) for version in software if version)
    return Derivation("DLS", 1, _plain(description, LONGEST_DESCRIPTION), versions, SYNTHESIZING_EQUIPMENT)


def bis_derivation() -> Derivation:
    """Of a BIS volume."""
    description = (
        "BIS: thin slices interpolated by a cubic B-spline from the thick slices of the source series; for research "
        "only, not for diagnosis."
    )
    return Derivation("BIS", 2, description, (f"ThinSliceSR {ENGINE_VERSION}",), PROCESSING_EQUIPMENT)


def _plain(text: str, longest: int) -> str:
    """`text` in printable ASCII, without the backslash that separates values: weights and GPUs have any name."""
    return "".join(letter if " " <= letter <= "~" and letter != "\\" else "?" for letter in text)[:longest]
