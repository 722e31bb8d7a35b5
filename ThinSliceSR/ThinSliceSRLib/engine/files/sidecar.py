"""The JSON file that converters such as dcm2niix write beside a NIfTI volume, with what its header cannot hold.

Its keys are those of BIDS, which are DICOM's keywords: https://bids-specification.readthedocs.io.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..events.finding import Finding
from ..volumes.slice_thickness import known_thickness_mm
from ..volumes.volume import Acquisition

NIFTI_SUFFIXES = (".nii.gz", ".nii")
LARGEST_BYTES = 2**24
UNREADABLE = Finding(
    "warning",
    "sidecar_unreadable",
    "The JSON file beside the volume cannot be understood, so what it says of slice thickness or modality is not used; "
    "convert the series again, or give the thickness (--slab-mm).",
)


def sidecar_of(path: Path) -> Path | None:
    """The file with the name of the NIfTI volume at `path` and the ending .json, if there is one."""
    suffix = next((suffix for suffix in NIFTI_SUFFIXES if path.name.lower().endswith(suffix)), None)
    if suffix is None:
        return None
    beside = path.with_name(path.name[: -len(suffix)] + ".json")
    return beside if beside.is_file() else None


def read_sidecar(path: Path) -> Acquisition:
    """Slice thickness and modality, as far as the file tells them; never raises.

    What it tells in another way than a converter does counts as not told; then a warning says so.
    """
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(LARGEST_BYTES))
        thickness, modality = told.get("SliceThickness"), told.get("Modality")
        modality = modality.strip().upper() if isinstance(modality, str) else modality
    except (OSError, ValueError, RecursionError, AttributeError):  # the last of what is no JSON object
        return Acquisition(warnings=(UNREADABLE,))
    known = known_thickness_mm(thickness) if type(thickness) in (int, float) else None  # not bool, nor text
    named = modality if isinstance(modality, str) and modality.isalnum() else None
    understood = (known, named) == (thickness, modality)
    return Acquisition(modality=named, slice_thickness_mm=known, warnings=() if understood else (UNREADABLE,))
