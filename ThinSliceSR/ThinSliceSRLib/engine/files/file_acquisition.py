"""What a volume file, or what lies beside it, tells of how its volume was made."""

from __future__ import annotations

from pathlib import Path

from ..volumes.slice_thickness import known_thickness_mm
from ..volumes.volume import Acquisition
from .sidecar import read_sidecar, sidecar_of
from .text_headers import metaimage_header_of, nrrd_header_of

# An entry of our own in headers of NRRD and MetaImage, in mm. MetaImage has no field for it, and Slicer, which keeps
# entries of NRRD, drops the format's own field.
THICKNESS_ENTRY = "ThinSliceSR_slice_thickness_mm"


def acquisition_of_file(path: Path, axis: int) -> Acquisition:
    """What is told of the NRRD, MetaImage or NIfTI volume at `path`, whose slices are stacked along `axis` (0, 1, 2).

    NRRD: the field `thicknesses`, which has a number for each axis; else, as in MetaImage, an entry of our own. NIfTI:
    the JSON file beside it. Raises OSError.
    """
    name = path.name.lower()
    if name.endswith((".nrrd", ".nhdr")):
        header = nrrd_header_of(path)
        thicknesses = header.fields.get("thicknesses", "").split()
        own = known_thickness_mm(thicknesses[axis]) if axis < len(thicknesses) else None
        return Acquisition(slice_thickness_mm=own or known_thickness_mm(header.entries.get(THICKNESS_ENTRY)))
    if name.endswith((".mha", ".mhd")):
        entries = metaimage_header_of(path).entries
        return Acquisition(slice_thickness_mm=known_thickness_mm(entries.get(THICKNESS_ENTRY)))
    beside = sidecar_of(path)
    return read_sidecar(beside) if beside else Acquisition()
