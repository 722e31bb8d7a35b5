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

from ..dicom_in.headers import MANUFACTURER
from .attributes import LOSSY_COMPRESSION
from .beside_dls import require_highdicom, tell_whose, without_texts
from .derivation import Derivation
from .source_series import SourceSeries
from .stored_text import written_as_stored

LABEL = "EXPECTED_ERROR"
DESCRIPTION = "Expected absolute error of DLS in HU; low doubt is no proof"
WINDOW = (75.0, 150.0)  # centre and width in HU
REQUIRED_OF_MAP = ("PositionReferenceIndicator", "BurnedInAnnotation")
OF_THE_BODY = ("BodyPartExamined", "AnatomicRegionSequence", "PatientPosition")


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
    unit = highdicom.sr.CodedConcept("[hnsf'U]", "UCUM", "Hounsfield unit")
    center, width = WINDOW
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of copied values, and quotes them
        made = highdicom.pm.ParametricMap(
            source_images=[without_texts(header) for header in dls],
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
        made.ContentCreatorName = None  # type 2
        made.DerivationDescription = derivation.description
        tell_whose(made, source, dls[0], derivation, made_at, (*REQUIRED_OF_MAP, *OF_THE_BODY, *LOSSY_COMPRESSION))
        if "LossyImageCompression" not in made:
            made.LossyImageCompression = "00"  # type 1; no value of a map was compressed
        made.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [_anatomy(highdicom)]
        _refer_to_source(made, source, dls)
        return written_as_stored(made)


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
