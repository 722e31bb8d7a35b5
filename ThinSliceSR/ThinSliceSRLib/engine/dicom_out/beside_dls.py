"""What highdicom makes beside a DLS series, a map or a report: of the same patient and study, with its dates."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import datetime
from types import ModuleType

from pydicom.dataset import Dataset

from ..dicom_in.headers import SYNTHETIC_DATA
from ..errors import ThinSliceError
from .attributes import PATIENT, STUDY
from .derivation import Derivation
from .derived_series import series_description
from .source_series import SourceSeries
from .stored_text import text_element

# Of a slice: by which it is placed and referred to.
PLACE = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "InstanceNumber",
    "FrameOfReferenceUID",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "Rows",
    "Columns",
)
NOBODYS_DATE, NOBODYS_TIME = "19000101", "000000"  # where a date is required, and is to tell nothing


def require_highdicom() -> ModuleType:
    """The library that writes maps and reports. Raises ThinSliceError (`no_highdicom`) where it is not installed."""
    try:
        import highdicom
    except ImportError as error:
        raise ThinSliceError(
            "The doubt as DICOM needs highdicom; install it with: pip install highdicom, or leave out the doubt or the "
            "DICOM output.",
            "no_highdicom",
        ) from error
    return highdicom


def without_texts(header: Dataset) -> Dataset:
    """What highdicom needs of a slice. It is stricter with texts and dates than hospitals are, so they come later."""
    bare = Dataset()
    for keyword in PLACE:
        bare[keyword] = copy.deepcopy(header[keyword])
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(bare, keyword, "")
    bare.StudyDate = bare.StudyTime = None
    bare.ReferringPhysicianName = ""
    return bare


def tell_whose(
    made: Dataset,
    source: SourceSeries,
    first: Dataset,
    derivation: Derivation,
    made_at: datetime | None,
    further: Iterable[str] = (),
) -> None:
    """Takes over from a DLS slice what is the same, `further` attributes too, and its dates; and names the series."""
    made.SoftwareVersions = list(derivation.software)
    made.add_new(SYNTHETIC_DATA, "CS", "YES")
    made.ContributingEquipmentSequence = copy.deepcopy(first.ContributingEquipmentSequence)
    made.ContributingEquipmentSequence[-1].ContributionDescription = derivation.description
    for keyword in ("SpecificCharacterSet", *PATIENT, *STUDY, *further):
        if keyword in first:
            element = copy.deepcopy(first.get_item(keyword))
            made[element.tag] = element
    for event in ("InstanceCreation", "Series", "Content"):
        for part, nobodys in (("Date", NOBODYS_DATE), ("Time", NOBODYS_TIME)):
            made.pop(event + part, None)
            if made_at:
                setattr(made, event + part, getattr(first, event + part))
            elif event == "Content":  # type 1
                setattr(made, event + part, nobodys)
    spacing_mm = float(first.SpacingBetweenSlices)
    description = series_description(source.description, derivation.name, spacing_mm, source.characters)
    made["SeriesDescription"] = text_element("SeriesDescription", description)
