"""The doubt as DICOM: a Parametric Map (PS3.3 A.75) whose frames lie on the slices of the DLS series."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from datetime import datetime
from types import ModuleType

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ..dicom_in.headers import MANUFACTURER, SYNTHETIC_DATA
from ..errors import ThinSliceError
from .attributes import LOSSY_COMPRESSION, PATIENT, STUDY
from .derivation import Derivation
from .derived_series import series_description
from .source_series import SourceSeries
from .stored_text import text_element, written_as_stored

LABEL = "EXPECTED_ERROR"
DESCRIPTION = "Expected absolute error of DLS in HU; low doubt is no proof"
WINDOW = (75.0, 150.0)  # centre and width in HU
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
REQUIRED_OF_MAP = ("PositionReferenceIndicator", "BurnedInAnnotation")
OF_THE_BODY = ("BodyPartExamined", "AnatomicRegionSequence", "PatientPosition")
NOBODYS_DATE, NOBODYS_TIME = "19000101", "000000"  # where a date is required, and is to tell nothing


def require_highdicom() -> ModuleType:
    """The library that writes Parametric Maps. Raises ThinSliceError (`no_highdicom`) where it is not installed."""
    try:
        import highdicom
    except ImportError as error:
        raise ThinSliceError(
            "The doubt as DICOM needs highdicom; install it with: pip install highdicom, or leave out the doubt or the "
            "DICOM output.",
            "no_highdicom",
        ) from error
    return highdicom


def parametric_map(
    source: SourceSeries,
    dls: Sequence[Dataset],
    hu: np.ndarray,
    derivation: Derivation,
    series_number: int,
    made_at: datetime | None,
) -> Dataset:
    """The map of expected errors `hu` (frames, rows, columns; 0 or more) of the slices of a DLS series.

    dls: the headers of these slices in the order of the frames, along their normal. The map takes over of whom they
    are, and refers to them and to the slices of the source that lie around each. made_at: None is not told.
    """
    highdicom = require_highdicom()
    first = dls[0]
    unit = highdicom.sr.CodedConcept("[hnsf'U]", "UCUM", "Hounsfield unit")
    center, width = WINDOW
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of copied values, and quotes them
        made = highdicom.pm.ParametricMap(
            source_images=[_without_texts(header) for header in dls],
            pixel_array=hu.astype(np.float32),  # what Slicer reads: dcmqi takes no other maps
            series_instance_uid=generate_uid(prefix=None),
            series_number=series_number,
            sop_instance_uid=generate_uid(prefix=None),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MANUFACTURER,
            software_versions=derivation.software[0],  # it takes one
            device_serial_number=derivation.software[1],  # which model it was; a program has no other number
            contains_recognizable_visual_features=False,
            real_world_value_mappings=[
                highdicom.pm.RealWorldValueMapping(
                    LABEL, DESCRIPTION, unit, (0.0, float(np.iinfo(np.int16).max)), 1.0, 0.0
                )
            ],
            voi_lut_transformations=[highdicom.VOILUTTransformation(center, width)],
            transfer_syntax_uid=ExplicitVRLittleEndian,  # there is no compression for such values
            content_label=LABEL,
            content_description=DESCRIPTION,
        )
        _stack(made, dls, hu)
        _tell_whose(made, first, derivation, made_at)
        spacing_mm = float(first.SpacingBetweenSlices)
        description = series_description(source.description, derivation.name, spacing_mm, source.characters)
        made["SeriesDescription"] = text_element("SeriesDescription", description)
        made.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [_anatomy(highdicom)]
        _refer_to_source(made, source, dls)
        return written_as_stored(made)


def _without_texts(header: Dataset) -> Dataset:
    """What highdicom needs of a slice. It is stricter with texts and dates than hospitals are, so they come later."""
    bare = Dataset()
    for keyword in PLACE:
        bare[keyword] = copy.deepcopy(header[keyword])
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(bare, keyword, "")
    bare.StudyDate = bare.StudyTime = None
    bare.ReferringPhysicianName = ""
    return bare


def _stack(made: Dataset, dls: Sequence[Dataset], hu: np.ndarray) -> None:
    """Stores the frames in the order of the slices. highdicom has its own, but Slicer's converter takes frames for
    stacked upwards as they are stored."""
    places = {tuple(map(float, header.ImagePositionPatient)): number for number, header in enumerate(dls)}
    frames: list[Dataset] = [Dataset()] * len(dls)
    for frame in made.PerFrameFunctionalGroupsSequence:
        frames[places[tuple(map(float, frame.PlanePositionSequence[0].ImagePositionPatient))]] = frame
    for number, frame in enumerate(frames, start=1):
        frame.FrameContentSequence[0].DimensionIndexValues = [number]
    made.PerFrameFunctionalGroupsSequence = frames
    made.FloatPixelData = hu.astype("<f4").tobytes()


def _tell_whose(made: Dataset, first: Dataset, derivation: Derivation, made_at: datetime | None) -> None:
    """Takes over from a DLS slice what is the same, and dates as it does."""
    made.SoftwareVersions = list(derivation.software)
    made.ContentCreatorName = None  # type 2
    made.add_new(SYNTHETIC_DATA, "CS", "YES")
    made.DerivationDescription = derivation.description
    made.ContributingEquipmentSequence = copy.deepcopy(first.ContributingEquipmentSequence)
    made.ContributingEquipmentSequence[-1].ContributionDescription = derivation.description
    for keyword in (*REQUIRED_OF_MAP, "SpecificCharacterSet", *PATIENT, *STUDY, *OF_THE_BODY, *LOSSY_COMPRESSION):
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


def _anatomy(highdicom: ModuleType) -> Dataset:
    """That frames show a chest, without which Slicer's converter of Parametric Maps ends."""
    anatomy = Dataset()
    anatomy.AnatomicRegionSequence = [highdicom.sr.CodedConcept("816094009", "SCT", "Chest")]
    anatomy.FrameLaterality = "U"  # unpaired
    return anatomy


def _refer_to_source(made: Dataset, source: SourceSeries, dls: Sequence[Dataset]) -> None:
    """Adds to each frame the slices of the source that lie around it, and to the whole the series that they are of."""
    named: dict[str, Dataset] = {}
    for frame, header in zip(made.PerFrameFunctionalGroupsSequence, dls, strict=True):
        for reference in header.get("SourceImageSequence") or ():
            frame.DerivationImageSequence[0].SourceImageSequence.append(copy.deepcopy(reference))
            item = copy.deepcopy(reference)
            del item.PurposeOfReferenceCodeSequence
            item.pop("ReferencedFrameNumber", None)
            named.setdefault(str(item.ReferencedSOPInstanceUID), item)
    if named and source.series_uid:
        series = Dataset()
        series.SeriesInstanceUID = source.series_uid
        series.ReferencedInstanceSequence = Items(named.values())
        made.ReferencedSeriesSequence.append(series)
