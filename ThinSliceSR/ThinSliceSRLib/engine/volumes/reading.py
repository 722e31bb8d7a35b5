"""Volumes from files: NRRD, NIfTI, MetaImage, or a folder of DICOM files."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import SimpleITK as sitk

from ..errors import DeviceError, ThinSliceError, UnusableInput
from .dicom_series import read_dicom_folder
from .geometry import SHEAR_TOLERANCE_DEGREES, shear_degrees
from .hounsfield import as_hu_values
from .nifti_header import read_nifti_header
from .silence import itk_silenced
from .stored_values import locate_values, require_whole
from .volume import Volume

READERS = {
    ".nrrd": "NrrdImageIO",
    ".nhdr": "NrrdImageIO",
    ".nii": "NiftiImageIO",
    ".nii.gz": "NiftiImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
}
SHEARED_FILE = "The grid of this file is sheared (a tilted gantry, for example); resample it to right angles first."


def read_volume(path: Path, series: str | None = None) -> Volume:
    """The volume at `path`: a file (.nrrd, .nhdr, .nii, .nii.gz, .mha, .mhd) or a folder with a DICOM series.

    series: which series of a DICOM folder: its UID, its number, or a part of its description.
    HU are int16 or float32 (see `as_hu_values`); the geometry is the file's own, in float64. NIfTI keeps geometry as
    float32; where its sform and qform differ, ITK chooses, as it does for Slicer, but a sheared sform is refused.
    Raises UnusableInput with the code `not_found`, `not_readable`, `truncated`, `components`, `time_points`,
    `too_few_slices`, `sheared`, `no_series`, or one of `read_dicom_folder`; DeviceError when memory does not suffice.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return read_dicom_folder(path, series)
        if not path.exists():
            raise UnusableInput(f"There is no file or folder {path}; check the path.", "not_found")
        if series is not None:
            raise UnusableInput("Only in a folder of DICOM files can a series be named; leave it out.", "no_series")
        return _read_file(path)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise UnusableInput(
            f"The input cannot be read ({reason}); check it and its permissions.", "not_readable"
        ) from (error)


def _read_file(path: Path) -> Volume:
    reader_name = next((READERS[suffix] for suffix in READERS if path.name.lower().endswith(suffix)), None)
    if reader_name is None:
        raise UnusableInput(
            "This kind of file cannot be read; give NRRD, NIfTI, MetaImage, or the folder of a DICOM series.",
            "not_readable",
        )
    stored = locate_values(path)
    if reader_name == "NiftiImageIO":
        sform = read_nifti_header(path).sform
        # Beside a qform, ITK would drop the shear and read on.
        if sform is not None and shear_degrees(sform) > SHEAR_TOLERANCE_DEGREES:
            raise UnusableInput(SHEARED_FILE, "sheared")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(reader_name)
    try:
        with itk_silenced():
            reader.ReadImageInformation()
        _require_one_volume(reader)
        voxel_size = sitk.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent()
        if stored is not None:
            require_whole(stored, math.prod(reader.GetSize()) * voxel_size)
        with itk_silenced():
            image = reader.Execute()
    except RuntimeError as error:
        raise _reading_error(str(error)) from error
    volume = Volume.from_image(_three_dimensional(image))
    return replace(volume, hu=as_hu_values(volume.hu))


def _require_one_volume(reader: sitk.ImageFileReader) -> None:
    size = reader.GetSize()
    if reader.GetNumberOfComponents() != 1 or "complex" in sitk.GetPixelIDValueAsString(reader.GetPixelID()):
        raise UnusableInput(
            "Each voxel of this file has more than one value (a colour image, for example); give a CT with one.",
            "components",
        )
    if len(size) < 3:
        raise UnusableInput("This file holds a single picture; give a volume of at least 2 slices.", "too_few_slices")
    if math.prod(size[3:]) > 1:
        raise UnusableInput(
            f"This file holds {math.prod(size[3:])} volumes (time points, for example); save one of them by itself.",
            "time_points",
        )


def _three_dimensional(image: sitk.Image) -> sitk.Image:
    further = image.GetDimension() - 3
    if further == 0:
        return image
    size = [*image.GetSize()[:3], *[0] * further]
    keep_geometry = sitk.ExtractImageFilter.DIRECTIONCOLLAPSETOSUBMATRIX
    return sitk.Extract(image, size, [0] * image.GetDimension(), keep_geometry)


def _reading_error(message: str) -> ThinSliceError:
    """What to tell of ITK's `message`."""
    if "orthonormal" in message:
        return UnusableInput(SHEARED_FILE, "sheared")
    if "allocate memory" in message:
        return DeviceError("The memory does not suffice to read this file; close other programs.", "not_enough_memory")
    return UnusableInput(
        "The file cannot be read: it is damaged, or not what its name says; copy or export it again.", "not_readable"
    )
