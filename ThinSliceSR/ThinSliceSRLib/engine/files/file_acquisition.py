"""What a volume file, or what lies beside it, tells of how its volume was made."""

from __future__ import annotations

import re
from pathlib import Path

from ..volumes.slice_thickness import known_thickness_mm
from ..volumes.volume import Acquisition
from .sidecar import read_sidecar, sidecar_of
from .text_headers import TextHeader, is_nrrd, metaimage_header_of, nrrd_header_of

# An entry of our own in headers of NRRD and MetaImage, in mm. MetaImage has no field for it, and Slicer, which keeps
# entries of NRRD, drops the format's own field.
THICKNESS_ENTRY = "ThinSliceSR_slice_thickness_mm"


def acquisition_of_file(path: Path, axis: int) -> Acquisition:
    """What is told of the NRRD, MetaImage or NIfTI volume at `path`, whose slices are stacked along `axis` (0, 1, 2).

    NRRD: the field `thicknesses`, which has a number for each axis; else, as in MetaImage, an entry of our own. NIfTI:
    the JSON file beside it. Raises OSError.
    """
    if is_nrrd(path):
        header = nrrd_header_of(path)
        told = _nrrd_thickness_mm(header, axis) or known_thickness_mm(header.entries.get(THICKNESS_ENTRY))
        return Acquisition(slice_thickness_mm=told)
    if path.name.lower().endswith((".mha", ".mhd")):
        entries = metaimage_header_of(path).entries
        return Acquisition(slice_thickness_mm=known_thickness_mm(entries.get(THICKNESS_ENTRY)))
    beside = sidecar_of(path)
    return read_sidecar(beside) if beside else Acquisition()


def _nrrd_thickness_mm(header: TextHeader, axis: int) -> float | None:
    """Of an axis in space; an NRRD may have others before it, of which it gives no direction."""
    directions = re.findall(r"none|\([^)]*\)", header.fields.get("spacedirections", ""))
    thicknesses = header.fields.get("thicknesses", "").split()
    in_space = [number for number, direction in enumerate(directions) if direction != "none"] or range(len(thicknesses))
    if axis >= len(in_space) or in_space[axis] >= len(thicknesses):
        return None
    thickness = known_thickness_mm(thicknesses[in_space[axis]])
    return thickness and thickness * header.mm_per_unit
