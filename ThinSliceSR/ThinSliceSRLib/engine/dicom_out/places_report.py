"""The places to look at twice as DICOM: a structured report (TID 1500, Comprehensive 3D SR) on the DLS series."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime
from types import ModuleType
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from ..dicom_in.headers import MANUFACTURER
from ..doubt.structure_list import NO_PROOF, WHERE
from ..doubt.structures import Structure
from .beside_dls import require_highdicom, tell_whose, without_texts
from .derivation import Derivation
from .source_series import SourceSeries
from .stored_text import written_as_stored

# This program as an observer (TID 1004); the same on every computer, as nothing else is known of it.
OBSERVER_UID = "2.25.250178912266487903512066107719375612811"
# Where no scheme has a term, ours; PS3.16 8.2: names of private schemes begin with 99.
OURS = "99THINSLICESR"
KINDS = {
    "stands": Code("ONLY_IN_DLS", OURS, "Stands in synthetic slices (DLS), not in interpolated ones (BIS)"),
    "vanishes": Code("ONLY_IN_BIS", OURS, "Stands in interpolated slices (BIS), not in synthetic ones (DLS)"),
}
EXPECTED_ERROR = Code("EXPECTED_ERROR", OURS, "Expected absolute error of synthetic slices (DLS)")
RELATIVE_ERROR = Code("RELATIVE_ERROR", OURS, "Expected error as a share of the contrast")
CONTRAST = Code("CONTRAST", OURS, "Contrast of what stands there with its surroundings in DLS")
MEAN_IN_BIS = Code("MEAN_IN_BIS", OURS, "Mean attenuation in interpolated slices (BIS)")
COMMENT = (
    "SYNTHETIC, for research only, not for diagnosis: places of synthetic thin slices (DLS) to look at twice, found by "
    f"a program and verified by nobody. {NO_PROOF}"
)


def places_report(
    source: SourceSeries,
    dls: Sequence[Dataset],
    places: Sequence[Structure],
    derivation: Derivation,
    series_number: int,
    made_at: datetime | None,
) -> Dataset:
    """The report of one or more places in the volume of a DLS series, in their order.

    dls: the headers of its slices, along their normal. The report takes over of whom they are, and refers to the one
    nearest to each place. derivation: see `of_places`. made_at: None is not told.
    """
    highdicom = require_highdicom()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of copied values, and quotes them
        report = highdicom.sr.MeasurementReport(
            observation_context=_observed_by(highdicom, derivation),
            procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
            imaging_measurements=[
                _group(highdicom, number, place, _nearest(dls, place), derivation)
                for number, place in enumerate(places, start=1)
            ],
        )
        contains = highdicom.sr.RelationshipTypeValues.CONTAINS
        report[0].ContentSequence.append(highdicom.sr.TextContentItem(codes.DCM.Comment, COMMENT, contains))
        made = highdicom.sr.Comprehensive3DSR(
            evidence=[without_texts(header) for header in dls],
            content=report[0],
            series_instance_uid=generate_uid(prefix=None),
            series_number=series_number,
            sop_instance_uid=generate_uid(prefix=None),
            instance_number=1,
            manufacturer=MANUFACTURER,
            is_complete=True,  # of what was found; nobody has verified it
        )
        made.ManufacturerModelName = MANUFACTURER
        tell_whose(made, source, dls[0], derivation, made_at)
        return written_as_stored(made)


def _observed_by(highdicom: ModuleType, derivation: Derivation) -> Any:
    """That a program observed it, and which model."""
    device = highdicom.sr.DeviceObserverIdentifyingAttributes(
        uid=OBSERVER_UID,
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=derivation.software[-1],
        serial_number=derivation.software[1],
    )
    return highdicom.sr.ObservationContext(
        observer_device_context=highdicom.sr.ObserverContext(codes.DCM.Device, device)
    )


def _group(highdicom: ModuleType, number: int, place: Structure, dls_slice: Dataset, derivation: Derivation) -> Any:
    """A place: its centre as a point in the frame of reference of the slices, and what was measured there."""
    sr = highdicom.sr
    image = sr.SourceImageForMeasurement(dls_slice.SOPClassUID, dls_slice.SOPInstanceUID)

    # Without a derivation: Slicer's table names a column by it alone, and two would be "Mean".
    def measured(name: Code, value: float, unit: Code) -> Any:
        return sr.Measurement(name, value, unit, referenced_images=[image])

    hu = codes.UCUM.HounsfieldUnit
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(prefix=None), identifier=_name(number, place)),
        referenced_region=sr.ImageRegion3D(
            sr.GraphicTypeValues3D.POINT, np.array([place.position_lps_mm]), dls_slice.FrameOfReferenceUID
        ),
        finding_type=KINDS[place.kind],
        finding_sites=[sr.FindingSite(codes.SCT.Lung)],
        algorithm_id=sr.AlgorithmIdentification(f"{MANUFACTURER}, synthetic slices", derivation.software[0]),
        measurements=[
            measured(codes.SCT.Diameter, round(place.size_mm, 1), codes.UCUM.Millimeter),
            measured(codes.DCM.MeanAttenuationCoefficient, round(place.hu_dls), hu),
            measured(MEAN_IN_BIS, round(place.hu_bis), hu),
            measured(EXPECTED_ERROR, round(place.doubt_hu), hu),
            measured(CONTRAST, round(place.contrast_hu), hu),
            measured(RELATIVE_ERROR, round(place.relative_doubt, 3), codes.UCUM.NoUnits),
        ],
    )


def _name(number: int, place: Structure) -> str:
    """All that Slicer's QuantitativeReporting shows of a place beside its point, but for the finding and its site."""
    measured = f"{place.size_mm:.1f} mm, expected error {place.doubt_hu:.0f} HU"
    return f"Place {number}, {WHERE[place.kind]}: {measured} (synthetic)"


def _nearest(dls: Sequence[Dataset], place: Structure) -> Dataset:
    """The slice whose plane lies nearest to the centre of a place."""
    row, column = np.reshape([float(value) for value in dls[0].ImageOrientationPatient], (2, 3))
    offsets = np.array([[float(mm) for mm in header.ImagePositionPatient] for header in dls]) - place.position_lps_mm
    return dls[int(np.abs(offsets @ np.cross(row, column)).argmin())]
