"""The datasets of a derived CT series: CT Image IOD (PS3.3 A.3), one slice each."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

from ..dicom_in.headers import MANUFACTURER, SYNTHETIC_DATA
from ..volumes.volume import Volume
from .attributes import REQUIRED
from .codes import ACQUISITION_EQUIPMENT, SPATIAL_RESAMPLING
from .derivation import Derivation
from .source_series import SourceSeries
from .stored_text import LONGEST_LO, ending_in_ascii, letters, stored_text, text_element, written_as_stored

LARGEST_SERIES_NUMBER = 2**31 - 1


def derived_series(
    source: SourceSeries, volume: Volume, derivation: Derivation, made_at: datetime | None
) -> Iterator[FileDataset]:
    """One dataset per slice (along k) of `volume`, whose HU are int16, in the order of the instance numbers.

    UIDs are random (PS3.5 B.2): a second run is another series, as its pixels need not be the same to the last bit.
    made_at: when the series is made, with its timezone; None is not told.
    """
    header = _series_header(source, volume, derivation, made_at)
    ascending = range(len(volume.hu))
    for number, k in enumerate(reversed(ascending) if source.numbered_downwards else ascending, start=1):
        yield _slice(header, source, volume, k, number)


def series_description(source: bytes, name: str, spacing_mm: float, characters: Sequence[str] = ()) -> bytes:
    """`source` and what was made of it; `source` is cut between letters such that the whole fits into a DICOM value.

    source: as it is stored in the character set `characters`; control characters and backslashes become spaces. A value
    holds 64 characters (PS3.5 table 6.2-1); many programs count the bytes instead, so both must fit.
    """
    made = f"{name} {spacing_mm:.3g} mm (synthetic)".encode()
    kept = [b" " if letter == b"\\" else letter for letter in letters(b" ".join(source.split()), characters)]
    for count in range(min(len(kept), LONGEST_LO), 0, -1):
        begin = ending_in_ascii(b" ".join(b"".join(kept[:count]).split()))
        if len(begin) + 1 + len(made) <= LONGEST_LO:
            return (begin + b" " + made).lstrip()
    return made


def slice_normal(volume: Volume) -> np.ndarray:
    """The unit vector across rows and columns, such that row, column and it are right-handed."""
    normal = np.cross(volume.direction[:, 0], volume.direction[:, 1])
    return normal / np.linalg.norm(normal)


def _series_header(source: SourceSeries, volume: Volume, derivation: Derivation, made_at: datetime | None) -> Dataset:
    """What all slices have in common."""
    header = copy.deepcopy(source.common)
    header.update(copy.deepcopy(source.lossy_compression))
    for keyword in REQUIRED:
        if keyword not in header:
            setattr(header, keyword, None)
    # Required of paired body parts, so it may be absent only where the body part is known not to be one.
    if not header.get("BodyPartExamined"):
        header.Laterality = header.get("Laterality")
    elif not header.get("Laterality"):
        header.pop("Laterality", None)
    spacing_mm = abs(float(volume.direction[:, 2] @ slice_normal(volume))) * volume.spacing_mm[2]

    header.SOPClassUID = CTImageStorage
    header.add_new(SYNTHETIC_DATA, "CS", "YES")
    header.ContentQualification = "RESEARCH"
    if source.burned_in_annotation:
        header.BurnedInAnnotation = source.burned_in_annotation
    header.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    header.Modality = "CT"
    header.SeriesInstanceUID = generate_uid(prefix=None)
    header.SeriesNumber = series_number(source.number, derivation.series)
    description = series_description(source.description, derivation.name, spacing_mm, source.characters)
    header["SeriesDescription"] = text_element("SeriesDescription", description)
    header.Manufacturer = MANUFACTURER
    header.ManufacturerModelName = MANUFACTURER
    header.SoftwareVersions = list(derivation.software)
    header.DerivationDescription = derivation.description
    header.DerivationCodeSequence = [SPATIAL_RESAMPLING.item()]
    header.ContributingEquipmentSequence = _equipment(source, derivation)
    header.ImageOrientationPatient = [_decimal(value) for axis in (0, 1) for value in volume.direction[:, axis]]
    header.PixelSpacing = [_decimal(volume.spacing_mm[1]), _decimal(volume.spacing_mm[0])]
    header.SliceThickness = header.SpacingBetweenSlices = _decimal(spacing_mm)
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.Rows, header.Columns = volume.hu.shape[1:]
    header.BitsAllocated = header.BitsStored = 16
    header.HighBit = 15
    # Stored values are HU, whatever int16 they are.
    header.PixelRepresentation = 1
    header.RescaleIntercept = 0
    header.RescaleSlope = 1
    header.RescaleType = header.get("RescaleType") or "HU"
    if made_at:
        _put_date(header, made_at)
    return written_as_stored(header)


def _slice(header: Dataset, source: SourceSeries, volume: Volume, k: int, number: int) -> FileDataset:
    position = np.asarray(volume.origin_mm) + k * volume.spacing_mm[2] * volume.direction[:, 2]
    place_mm = float(position @ slice_normal(volume))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = header.SOPClassUID
    meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(
        "", copy.deepcopy(header), preamble=b"\0" * 128, file_meta=meta, is_implicit_VR=False, is_little_endian=True
    )
    dataset.update(copy.deepcopy(source.nearest(place_mm).window))
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = [_decimal(value) for value in position]
    # A cube of the network reaches further; these are the slices between which this one lies.
    references = [instance.reference for instance in source.around(place_mm) if instance.reference]
    if references:
        dataset.SourceImageSequence = copy.deepcopy(references)
    written_as_stored(dataset)
    dataset.PixelData = volume.hu[k].astype("<i2").tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def _equipment(source: SourceSeries, derivation: Derivation) -> list[Dataset]:
    """The items for the scanner, if it is known, and for this program."""
    items = []
    if stored_text(source.equipment, "Manufacturer"):
        scanner = copy.deepcopy(source.equipment)
        scanner = written_as_stored(scanner)
        scanner.PurposeOfReferenceCodeSequence = [ACQUISITION_EQUIPMENT.item()]
        items.append(scanner)
    program = Dataset()
    program.PurposeOfReferenceCodeSequence = [derivation.role.item()]
    program.Manufacturer = MANUFACTURER
    program.ManufacturerModelName = MANUFACTURER
    program.SoftwareVersions = list(derivation.software)
    program.ContributionDescription = derivation.description
    return [*items, program]


def _put_date(header: Dataset, made_at: datetime) -> None:
    """When the series was made, in the timezone in which the source tells its times, else in that of `made_at`."""
    with suppress(ValueError):  # as of an offset that is none
        offset = (stored_text(header, "TimezoneOffsetFromUTC") or b"").decode("ascii")
        made_at = made_at.astimezone(datetime.strptime(offset, "%z").tzinfo)
    date, time = made_at.strftime("%Y%m%d"), made_at.strftime("%H%M%S")
    for event in ("InstanceCreation", "Series", "Content"):
        setattr(header, f"{event}Date", date)
        setattr(header, f"{event}Time", time)
    header.ContributingEquipmentSequence[-1].ContributionDateTime = made_at.strftime("%Y%m%d%H%M%S%z")


def series_number(source: int, series: int) -> int:
    """Beside its source in a list that is sorted by number, and not one that a scanner gives."""
    number = 1000 * source + series
    return number if 0 < number <= LARGEST_SERIES_NUMBER else series


def _decimal(value: float) -> str:
    """The decimal string (16 characters at most) that is nearest to `value`."""
    return format_number_as_ds(float(value) + 0.0)
