"""DICOM series for the tests, written with pydicom: small, synthetic, and wrong in exactly the way that a test asks."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    generate_uid,
)

PYDICOM_COMPRESSES = {"RLE": RLELossless, "JPEG-LS": JPEGLSLossless}
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def slice_positions(
    slices: int, spacing_mm: float = 5.0, orientation=AXIAL, first=(-100.0, -80.0, -300.0), lean=(0.0, 0.0, 0.0)
) -> np.ndarray:
    """Positions (slices, 3) of the first voxels of evenly spaced slices, one step along their normal plus `lean`."""
    normal = np.cross(orientation[:3], orientation[3:])
    step = spacing_mm * normal + np.asarray(lean)
    return np.asarray(first) + np.arange(slices)[:, None] * step


def write_slice(
    path: Path, hu: np.ndarray, position, *, slope: float = 1.0, intercept: float = -1024.0, **tags
) -> None:
    """One CT slice (rows, columns) in HU, stored as (HU − intercept) / slope; `tags` replace or add elements.

    Stored values are uint16, or int16 if PixelRepresentation is 1. A tag given as None is left out.
    """
    dataset = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    modality = tags.get("Modality", "CT")
    elements = {
        "SOPClassUID": MRImageStorage if modality == "MR" else CTImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": generate_uid(entropy_srcs=["study"]),
        "SeriesInstanceUID": generate_uid(entropy_srcs=["series"]),
        "PatientName": "Nobody^Should^Read^This",
        "PatientID": "secret-4711",
        "Modality": modality,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SeriesNumber": 2,
        "SeriesDescription": "Chest 5.0",
        "InstanceNumber": 1,
        "SliceThickness": 5.0,
        "ImageOrientationPatient": list(AXIAL),
        "ImagePositionPatient": [float(value) for value in position],
        "PixelSpacing": [0.8, 0.7],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": hu.shape[0],
        "Columns": hu.shape[1],
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "RescaleSlope": slope,
        "RescaleIntercept": intercept,
    }
    elements.update(tags)
    for name, value in elements.items():
        if value is not None:
            setattr(dataset, name, value)
    stored = np.round((hu - intercept) / slope)
    dataset.PixelData = stored.astype("<i2" if elements["PixelRepresentation"] else "<u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def write_series(folder: Path, hu: np.ndarray, positions: np.ndarray | None = None, **tags) -> np.ndarray:
    """A series of `hu` (slices, rows, columns), file names in no order of place; returns the positions (slices, 3)."""
    orientation = tags.get("ImageOrientationPatient", AXIAL)
    if positions is None:
        positions = slice_positions(len(hu), orientation=orientation)
    name = tags.get("SeriesNumber", 2)
    for index, (values, position) in enumerate(zip(hu, positions, strict=True)):
        shuffled = (index * 7 + 3) % 101
        write_slice(
            folder / f"{name}-{shuffled:03d}-{index}.dcm", values, position, **{"InstanceNumber": index + 1, **tags}
        )
    return positions


def files_of(folder: Path) -> list[Path]:
    """The files of a series, by their instance numbers."""
    return sorted(folder.rglob("*.dcm"), key=lambda path: pydicom.dcmread(path).InstanceNumber)


def rewrite(path: Path, **tags) -> None:
    """Replaces elements of the file at `path`; a tag given as None is taken out."""
    dataset = pydicom.dcmread(path)
    for name, value in tags.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    dataset.save_as(path)


def put_bytes(path: Path, keyword: str, value: bytes) -> None:
    """Replaces the value of an element by bytes, which need not be such a value."""
    dataset = pydicom.dcmread(path)
    tag = Tag(keyword)
    value += b" " * (len(value) % 2)
    vr = dictionary_VR(tag) if tag in dataset else "UN"
    dataset[tag] = RawDataElement(tag, "UN" if vr == "SQ" else vr, len(value), value, 0, False, True)
    dataset.save_as(path)


def put_stored(path: Path, keyword: str, value: bytes | None) -> None:
    """Replaces the stored value of an element with a 16-bit length in an explicit little endian file, or takes the
    element out; nothing else of the file is touched, as pydicom may encode all texts anew when it writes."""
    content, tag = path.read_bytes(), Tag(keyword)
    start = content.index(struct.pack("<HH", tag.group, tag.element) + dictionary_VR(tag).encode())
    (length,) = struct.unpack_from("<H", content, start + 6)
    element = b""
    if value is not None:
        padded = value + b" " * (len(value) % 2)
        element = content[start : start + 6] + struct.pack("<H", len(padded)) + padded
    path.write_bytes(content[:start] + element + content[start + 8 + length :])


def write_multi_frame(
    path: Path, hu: np.ndarray, positions: np.ndarray | None = None, *, rescales=None, **tags
) -> None:
    """An enhanced CT file of `hu` (frames, rows, columns), each frame with its place; `tags` as in `write_slice`.

    rescales: slope and intercept of each frame, which then tells them itself; else all share one rescale.
    """
    if positions is None:
        positions = slice_positions(len(hu))
    slopes, intercepts = np.transpose([(1.0, -1024.0)] * len(hu) if rescales is None else rescales)
    stored = np.concatenate((hu - intercepts[:, None, None]) / slopes[:, None, None])
    shared = Dataset()
    shared.PixelMeasuresSequence = [item(PixelSpacing=[0.8, 0.7], SliceThickness=5.0)]
    shared.PlaneOrientationSequence = [item(ImageOrientationPatient=list(AXIAL))]
    if rescales is None:
        shared.PixelValueTransformationSequence = [item(RescaleSlope=1.0, RescaleIntercept=-1024.0)]
    frames = []
    for position, slope, intercept in zip(positions, slopes, intercepts, strict=True):
        frame = Dataset()
        frame.PlanePositionSequence = [item(ImagePositionPatient=[float(value) for value in position])]
        if rescales is not None:
            values = item(RescaleSlope=float(slope), RescaleIntercept=float(intercept))
            frame.PixelValueTransformationSequence = [values]
        frames.append(frame)
    elements = {
        "SOPClassUID": EnhancedCTImageStorage,
        "Rows": hu.shape[1],
        "NumberOfFrames": len(hu),
        "SharedFunctionalGroupsSequence": [shared],
        "PerFrameFunctionalGroupsSequence": frames,
        **dict.fromkeys(
            ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope")
        ),
        "RescaleIntercept": None,
    }
    write_slice(path, stored, (0, 0, 0), intercept=0.0, **{**elements, **tags})


def item(**elements) -> Dataset:
    """An item of a sequence."""
    dataset = Dataset()
    for name, value in elements.items():
        setattr(dataset, name, value)
    return dataset


def compress(path: Path, compressor: str) -> None:
    """Compresses the file at `path` without loss.

    compressor: "RLE", "JPEG-LS", "Deflated" (all of it), "JPEG" or "JPEG2000" (by GDCM).
    """
    dataset = pydicom.dcmread(path)
    if compressor in PYDICOM_COMPRESSES:
        dataset.compress(PYDICOM_COMPRESSES[compressor])
    elif compressor == "Deflated":
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    else:
        _compress_with_gdcm(dataset, path.with_suffix(".compressed"), compressor)
    dataset.save_as(path)


def _compress_with_gdcm(dataset: Dataset, compressed: Path, compressor: str) -> None:
    frames = dataset.get("NumberOfFrames", 1)
    stored = np.frombuffer(dataset.PixelData, dtype="<u2").reshape(frames, dataset.Rows, dataset.Columns)
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetFileName(str(compressed))
    writer.SetUseCompression(True)
    writer.SetCompressor(compressor)
    writer.Execute(sitk.GetImageFromArray(stored))
    pixels = pydicom.dcmread(compressed)
    compressed.unlink()
    dataset.PixelData = pixels.PixelData
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = pixels.file_meta.TransferSyntaxUID
    assert dataset.file_meta.TransferSyntaxUID.is_compressed
