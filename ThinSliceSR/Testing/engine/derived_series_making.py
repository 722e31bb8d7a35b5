"""A series as a hospital stores it, and what DICOM out makes of it, for the tests of DICOM out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
from dicom_making import slice_positions, write_series
from models import CALIBRATION, linear_model
from pydicom.dataset import Dataset
from ThinSliceSRLib.engine.dicom_out.derivation import derivation_of
from ThinSliceSRLib.engine.dicom_out.pending_series import DicomOutput, PendingSeries
from ThinSliceSRLib.engine.doubt.structures import Structure
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.provenance import bis_header, dls_header, doubt_header
from ThinSliceSRLib.engine.synthesis.resampling import interpolate
from ThinSliceSRLib.engine.synthesis.slab import SlabError
from ThinSliceSRLib.engine.synthesis.synthesize import Synthesis
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume

THICK_SLICES, RATIO = 4, 5
SHA256 = "0123456789abcdef" * 4
HU = np.random.default_rng(6).integers(-1000, 600, (THICK_SLICES, 36, 40))

# Who it is: none of these values may turn up in an anonymous series, or in any message.
IDENTITY = {
    "PatientName": "Musterfrau^Erika^^Dr.",
    "PatientID": "PID-4711",
    "IssuerOfPatientID": "St. Nowhere",
    "PatientBirthDate": "19580229",
    "PatientSex": "F",
    "PatientAge": "068Y",
    "PatientSize": 1.71,
    "PatientWeight": 66.5,
    "EthnicGroup": "Unasked",
    "PatientComments": "Neighbour of the dean",
    "AdditionalPatientHistory": "Fell off a ladder",
    "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.4711.1",
    "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.4711.2",
    "FrameOfReferenceUID": "1.2.826.0.1.3680043.8.498.4711.3",
    "StudyDate": "20240131",
    "StudyTime": "081522",
    "TimezoneOffsetFromUTC": "+0930",
    "StudyID": "S-815",
    "AccessionNumber": "A-2024-17",
    "StudyDescription": "Thorax nativ",
    "SeriesDescription": "Chest 5.0",
    "ReferringPhysicianName": "Hausarzt^Hans",
    "InstitutionName": "Klinikum Irgendwo",
    "StationName": "CT-KELLER-2",
    "DeviceSerialNumber": "SN-99-1234",
    "ContrastBolusAgent": "Imeron 350",
}
# What only the acquisition of the thick slices can claim.
ACQUISITION = {
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "081700",
    "AcquisitionNumber": 7,
    "ContentDate": "20240131",
    "ContentTime": "081733",
    "SeriesDate": "20240131",
    "SeriesTime": "081701",
    "InstanceCreationDate": "20240131",
    "ProtocolName": "Thorax Routine",
    "Exposure": 150,
    "ExposureTime": 790,
    "XRayTubeCurrent": 188,
    "CTDIvol": 10.6,
    "ConvolutionKernel": "B31f",
    "FilterType": "WEDGE",
    "GantryDetectorTilt": 0.0,
    "TableHeight": 947.25,
    "ReconstructionDiameter": 431.0,
    "IrradiationEventUID": "1.2.826.0.1.3680043.8.498.4711.4",
    "OperatorsName": "Roentgen^Wilhelm",
    "ImageComments": "DLP 312",
}
HOSPITAL = {
    **IDENTITY,
    **ACQUISITION,
    "SpecificCharacterSet": "ISO_IR 100",
    "Manufacturer": "Acme Imaging",
    "ManufacturerModelName": "Scan-o-Matic 16",
    "SoftwareVersions": "syngo 4711",
    "BodyPartExamined": "CHEST",
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "KVP": 120,
    "WindowCenter": [40, -600],
    "WindowWidth": [400, 1500],
    "WindowCenterWidthExplanation": ["MEDIASTINUM", "LUNG"],
}


@dataclass(frozen=True)
class Derived:
    """A source (folder and volume), the two volumes that were written, and the folder of their series."""

    source: Path
    thick: Volume
    volumes: dict[str, Volume]
    folder: Path

    def files(self, name: str = "DLS") -> list[Path]:
        return sorted((self.folder / name).iterdir())

    def slices(self, name: str = "DLS") -> list[Dataset]:
        return [pydicom.dcmread(path) for path in self.files(name)]


def write_hospital_series(folder: Path, hu: np.ndarray = HU, **tags) -> None:
    """A thick series with all that scanners tell, private elements too, numbered from the head down."""
    positions = tags.pop("positions", slice_positions(len(hu)))
    write_series(folder, hu, positions, **{**HOSPITAL, **tags})
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.InstanceNumber = len(hu) + 1 - dataset.InstanceNumber
        block = dataset.private_block(0x0019, "ACME SECRETS", create=True)
        block.add_new(0x01, "LO", "Musterfrau private")
        dataset.save_as(path)


def derive(
    folder: Path,
    target: Path,
    compression: str = "none",
    anonymous: bool = False,
    doubt: bool = False,
    found: Sequence[Structure] | None = None,
    **how,
) -> Derived:
    """Writes a DLS volume of random HU, and the BIS volume, of the series in `folder` as DICOM series to `target`; and,
    if wanted, a random doubt and the report of places that it might have led to."""
    thick = read_volume(folder)
    places = np.arange(RATIO * (len(thick.hu) - 1) + 1) / RATIO
    bis = interpolate(thick, places)
    noise = np.random.default_rng(7).integers(-32768, 32768, bis.hu.shape).astype(np.int16)
    noise.flat[:2] = -32768, 32767
    dls = replace(bis, hu=noise)
    model = replace(linear_model(), name="cthnet-test", sha256=SHA256, trained=True)
    synthesis = Synthesis(dls, SlabProfile(5.0, 5.0), SlabError(0.25, 1.5), "CPU", "float32", "computed")
    with PendingSeries(DicomOutput(target, compression, anonymous), thick, apart_from=[folder], **how) as series:
        series.write(dls, derivation_of(dls_header(model, synthesis, slab_consistent=True)))
        series.write(bis, derivation_of(bis_header()))
        volumes = {"DLS": dls, "BIS": bis}
        if doubt:
            volumes["DOUBT"] = replace(dls, hu=np.random.default_rng(8).integers(0, 300, dls.hu.shape).astype(np.int16))
            series.write(volumes["DOUBT"], derivation_of(doubt_header(model, CALIBRATION.slabs[0])))
        if found is not None:
            series.write_report(found)
    return Derived(folder, thick, volumes, target)


def everything(dataset: Dataset) -> Iterator[pydicom.DataElement]:
    """All elements, those within sequences too."""
    for element in dataset:
        yield element
        for item in element.value if element.VR == "SQ" else ():
            yield from everything(item)


def height(dataset: Dataset) -> float:
    return float(dataset.ImagePositionPatient[2])
