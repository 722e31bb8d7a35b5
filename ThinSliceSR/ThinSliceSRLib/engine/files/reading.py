"""Volumes from files: NRRD, NIfTI, MetaImage, or a folder or ZIP file of DICOM files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import SimpleITK as sitk

from ..dicom_in.file_kind import START_BYTES, may_be_dicom
from ..dicom_in.zip_file import is_zip, unpacked
from ..errors import DeviceError, ThinSliceError, UnusableInput, reason_of
from ..events.finding import Finding
from ..silence import itk_silenced
from ..volumes.geometry import require_place
from ..volumes.hounsfield import as_hu_values
from ..volumes.volume import Acquisition, Volume
from .file_acquisition import acquisition_of_file
from .nifti_file import read_nifti
from .rescale import scaled
from .stored_values import require_whole
from .text_headers import text_header_of
from .text_values import text_values
from .value_places import locate_values

# Modules of `dicom_in` that need pydicom are imported where there is DICOM: other inputs do not wait for it.
if TYPE_CHECKING:
    from pydicom.dataset import Dataset

READERS = {
    ".nrrd": "NrrdImageIO",
    ".nhdr": "NrrdImageIO",
    ".nii": "NiftiImageIO",
    ".nii.gz": "NiftiImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
}
PAIR = (
    "This is one of the two files of a NIfTI or Analyze pair (.hdr, .img), which cannot be read; save the volume as "
    "one file (.nii)."
)
SHEARED_FILE = "The grid of this file is sheared (a tilted gantry, for example); resample it to right angles first."


def read_volume(path: Path, series: str | None = None, undo: ExitStack | None = None) -> Volume:
    """The volume at `path`: a file (.nrrd, .nhdr, .nii, .nii.gz, .mha, .mhd), or a folder or .zip of a DICOM series, a
    DICOMDIR, or one DICOM file that holds several images.

    series: which series of a DICOM input: its UID, its number, or a part of its description.
    undo: as in `opened_input`, within which a ZIP file is to be read by whoever needs `slice_files`; else it has none.
    HU are int16 or float32 (see `as_hu_values`); the geometry is the file's own, in float64.
    What a file tells of the acquisition: see `acquisition_of_file`.
    Raises UnusableInput with the code `not_found`, `not_readable`, `truncated`, `components`, `time_points`,
    `too_few_slices`, `sheared`, `contradiction`, `no_place`, `no_series`, or one of `read_dicom_folder`; DeviceError
    when memory does not suffice; CannotWrite as `opened_input`.
    """
    with opened_input(path, undo) as place:
        if holds_dicom(place):
            from ..dicom_in.series_reading import read_dicom_folder

            volume = read_dicom_folder(place, series)
            if not is_zip(Path(path)):
                return volume
            return replace(volume, acquisition=replace(volume.acquisition, slice_files=(), slice_frames=()))
        if not place.exists():
            raise UnusableInput(f"There is no file or folder {place}; check the path.", "not_found")
        if series is not None:
            raise UnusableInput("Only of a DICOM input can a series be named; leave it out.", "no_series")
        volume = require_place(_read_file(place))
        told = acquisition_of_file(place, volume.through_plane_axis)
        warnings = (*volume.acquisition.warnings, *told.warnings)
        return replace(volume, acquisition=replace(told, warnings=warnings))


@contextmanager
def opened_input(path: Path, undo: ExitStack | None = None) -> Iterator[Path]:
    """The input at `path` to be read within the `with` block: the path itself, of a ZIP file what is unpacked, and of
    a DICOMDIR the folder that it lies in, with all that is there.

    undo: where the removal of what is unpacked is put, for a run that is ended from outside.
    Raises UnusableInput, `not_readable` also for every OSError in the block, or as `unpacked`; CannotWrite (`no_room`).
    """
    try:
        with unpacked(Path(path), undo) as place:
            yield place.parent if is_media_directory_at(place) else place
    except OSError as error:
        reason = reason_of(error)
        raise UnusableInput(
            f"The input cannot be read ({reason}); check it and its permissions.", "not_readable"
        ) from (error)


def holds_dicom(place: Path) -> bool:
    """Whether a series is to be looked for there: in a folder, or in one file that holds several images."""
    if place.is_dir():
        return True
    header = _header_of(place)
    if header is None:
        return False
    from ..dicom_in.headers import is_multi_frame

    return is_multi_frame(header)


def is_media_directory_at(place: Path) -> bool:
    """Whether it is a DICOMDIR."""
    header = _header_of(place)
    if header is None:
        return False
    from ..dicom_in.headers import is_media_directory

    return is_media_directory(header)


def _header_of(place: Path) -> Dataset | None:
    """The header of a file that is DICOM; None of any other one, or of a folder."""
    if not place.is_file() or place.name.lower().endswith(tuple(READERS)):
        return None
    with place.open("rb") as file:
        start = file.read(START_BYTES)
    if not may_be_dicom(place.name, start):
        return None
    from ..dicom_in.headers import read_header

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        return read_header(place)


def itk_reader(path: Path) -> sitk.ImageFileReader:
    """ITK's reader of an NRRD, NIfTI or MetaImage, which has read the header; not before it is known that this header
    cannot end the process. Raises UnusableInput as `locate_values`, or RuntimeError."""
    reader_name = _reader_name(path)
    if reader_name is None:
        raise _other_kind(path)
    if reader_name != "NiftiImageIO":
        locate_values(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(reader_name)
    with itk_silenced():
        reader.ReadImageInformation()
    return reader


def _read_file(path: Path) -> Volume:
    reader_name = _reader_name(path)
    if not path.is_file():
        raise UnusableInput("This is no file but a pipe or a device; give a volume file.", "not_readable")
    if reader_name is None:
        raise _other_kind(path)
    if reader_name == "NiftiImageIO":
        return read_nifti(path)
    try:
        reader = itk_reader(path)
        _require_one_volume(reader)
        image, found = _read_image(path, reader)
    except RuntimeError as error:
        raise _reading_error(str(error)) from error
    volume = Volume.from_image(_three_dimensional(image))
    header = text_header_of(path)
    i, j, k = (length * header.mm_per_unit for length in volume.spacing_mm)
    x, y, z = (length * header.mm_per_unit for length in volume.origin_mm)
    hu = as_hu_values(scaled(volume.hu, header.scale))
    return replace(volume, hu=hu, spacing_mm=(i, j, k), origin_mm=(x, y, z), acquisition=Acquisition(warnings=found))


def _reader_name(path: Path) -> str | None:
    return next((READERS[suffix] for suffix in READERS if path.name.lower().endswith(suffix)), None)


def _read_image(path: Path, reader: sitk.ImageFileReader) -> tuple[sitk.Image, tuple[Finding, ...]]:
    """The values that an NRRD or MetaImage promises, and warnings of more. Raises UnusableInput, or RuntimeError."""
    stored = locate_values(path)
    one = sitk.Image([1, 1], reader.GetPixelID())
    found: list[Finding] = []
    if stored is not None:
        found = require_whole(stored, math.prod(reader.GetSize()), one.GetSizeOfPixelComponent())
    if found and text_header_of(path).fields.get("ElementType") in ("MET_LONG", "MET_ULONG"):
        raise UnusableInput(
            "The values of this file are of a type (MET_LONG) that has 4 bytes here, but it holds more of them; save "
            "it as MET_INT or MET_SHORT.",
            "not_readable",
        )
    if stored is None or stored.encoding != "text":
        with itk_silenced():
            return reader.Execute(), tuple(found)
    values = text_values(stored, reader.GetSize(), sitk.GetArrayViewFromImage(one).dtype)
    image = sitk.GetImageFromArray(values, isVector=False)
    image.SetSpacing(reader.GetSpacing())
    image.SetOrigin(reader.GetOrigin())
    image.SetDirection(reader.GetDirection())
    return image, tuple(found)


def _other_kind(path: Path) -> UnusableInput:
    if path.suffix.lower() in (".hdr", ".img"):
        return UnusableInput(PAIR, "not_readable")
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    if may_be_dicom(path.name, start):
        return UnusableInput("This is a single DICOM file; give the folder that its series lies in.", "not_readable")
    return UnusableInput(
        "This kind of file cannot be read; give NRRD, NIfTI, MetaImage, or the folder or ZIP file of a DICOM series.",
        "not_readable",
    )


def _require_one_volume(reader: sitk.ImageFileReader) -> None:
    size = reader.GetSize()
    if reader.GetNumberOfComponents() != 1 or "complex" in sitk.GetPixelIDValueAsString(reader.GetPixelID()):
        raise UnusableInput(
            "Each voxel of this file has more than one value (a colour image, for example); give a CT with one.",
            "components",
        )
    if len(size) < 3:
        raise UnusableInput("This file holds a single picture; give a volume of at least 2 slices.", "too_few_slices")
    if 0 in size:
        raise UnusableInput("This file holds no voxels: a size in its header is 0; export it again.", "not_readable")
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
