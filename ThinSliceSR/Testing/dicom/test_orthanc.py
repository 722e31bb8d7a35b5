"""A real Orthanc takes the derived series into the study of their source and gives them back unchanged."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from archive import Archive
from derived_series_making import IDENTITY, Derived
from dicomweb_client import DICOMwebClient
from ThinSliceSRLib.engine.files.reading import read_volume

STUDY = IDENTITY["StudyInstanceUID"]
DESCRIPTIONS = ["Chest 5.0", "Chest 5.0 BIS 1 mm (synthetic)", "Chest 5.0 DLS 1 mm (synthetic)"]


@pytest.fixture(params=["C-STORE", "STOW"])
def filled(
    request: pytest.FixtureRequest, archive: Archive, derived: Derived, program: Callable[[str], str]
) -> Archive:
    """The archive after the source and both derived series were sent to it."""
    files = [path for folder in (derived.source, derived.folder) for path in folder.rglob("*.dcm")]
    if request.param == "C-STORE":
        command = [program("storescu"), "--call", archive.title, "127.0.0.1", str(archive.dicom_port)]
        subprocess.run([*command, *map(str, files)], check=True, capture_output=True)
    else:
        answer = DICOMwebClient(archive.web).store_instances([pydicom.dcmread(path) for path in files])
        assert len(answer.ReferencedSOPSequence) == len(files)
        assert not answer.get("FailedSOPSequence")
    return archive


def test_the_study_of_the_source_holds_the_new_series(filled: Archive):
    [patient] = filled.ask("patients?expand")
    [study] = filled.ask("studies?expand")
    assert patient["MainDicomTags"]["PatientID"] == IDENTITY["PatientID"]
    assert study["MainDicomTags"]["StudyInstanceUID"] == STUDY
    series = [filled.ask(f"series/{name}") for name in study["Series"]]
    assert sorted(item["MainDicomTags"]["SeriesDescription"] for item in series) == DESCRIPTIONS
    assert sorted(len(item["Instances"]) for item in series) == [4, 16, 16]


@pytest.mark.parametrize("name", ["DLS", "BIS"])
def test_a_series_comes_back_by_dicomweb_as_it_was(name: str, filled: Archive, derived: Derived, tmp_path: Path):
    client = DICOMwebClient(filled.web)
    found = client.search_for_series(STUDY, search_filters={"Modality": "CT"}, fields=["SeriesDescription"])
    [uid] = [
        item["0020000E"]["Value"][0]
        for item in found
        if item["0008103E"]["Value"][0].endswith(f"{name} 1 mm (synthetic)")
    ]
    fetched = client.retrieve_series(STUDY, uid)
    written = {item.SOPInstanceUID: item for item in derived.slices(name)}
    assert len(fetched) == len(written)
    for item in fetched:
        assert item == written[item.SOPInstanceUID]
        item.save_as(tmp_path / f"{item.InstanceNumber}.dcm", enforce_file_format=True)
    volume, wanted = read_volume(tmp_path), derived.volumes[name]
    np.testing.assert_array_equal(volume.hu, wanted.hu)
    np.testing.assert_allclose(volume.origin_mm, wanted.origin_mm, atol=1e-9)


@pytest.mark.parametrize("variant", ["anonymous", "rle", "jpeg2000", "japanese", "unicode"])
def test_every_variant_is_taken_and_given_back(variant: str, archive: Archive, variants: dict[str, Derived]):
    written = {item.SOPInstanceUID: item for item in variants[variant].slices()}
    DICOMwebClient(archive.web).store_instances(list(written.values()))
    [study] = archive.ask("studies?expand")
    assert study["PatientMainDicomTags"]["PatientName"] == str(next(iter(written.values())).PatientName)
    instances = archive.ask("instances")
    assert len(instances) == len(written)
    for instance in instances:
        fetched = pydicom.dcmread(io.BytesIO(archive.fetch(f"instances/{instance}/file")))
        assert fetched == written[fetched.SOPInstanceUID]
