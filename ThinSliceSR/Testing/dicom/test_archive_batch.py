"""A batch over a real Orthanc: its thick series are found, fetched, synthesised and sent back into their studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from archive import Archive
from batches import rows
from derived_series_making import HU, IDENTITY, write_hospital_series
from dicom_making import compress, slice_positions
from dicomweb_client import DICOMwebClient
from ThinSliceSRLib.engine.batch.archive.access import PASSWORD, USER, connected
from ThinSliceSRLib.engine.batch.archive.failure import ArchiveFailure
from ThinSliceSRLib.engine.batch.batch import Summary
from ThinSliceSRLib.engine.batch.manifest.manifest import JSON_NAME, Manifest
from ThinSliceSRLib.engine.errors import UnusableInput

STUDY, SERIES = IDENTITY["StudyInstanceUID"], IDENTITY["SeriesInstanceUID"]
THIN_SLICES = 5 * (len(HU) - 1) + 1


def store(address: str, folder: Path, **tags) -> None:
    """Makes a thick series and stores it by STOW."""
    write_hospital_series(folder, **tags)
    DICOMwebClient(address).store_instances([pydicom.dcmread(path) for path in sorted(folder.iterdir())])


@pytest.fixture
def filled(archive: Archive, tmp_path: Path) -> Archive:
    """An archive with one thick chest CT of January 2024, and much that is none."""

    def add(number: int, **tags) -> None:
        store(archive.web, tmp_path / f"series{number}", **{"SeriesInstanceUID": f"1.2.{number}", **tags})

    add(0, SeriesInstanceUID=SERIES)
    add(1, positions=slice_positions(len(HU), 1.0), SliceThickness=1.0, SeriesDescription="Chest 1.0")
    add(2, Modality="MR", SeriesDescription="MR")
    add(3, BodyPartExamined="HEAD", SeriesDescription="Head")
    add(4, StudyInstanceUID="1.2.99", StudyDate="20240201", SeriesDescription="later")
    return archive


def derived_series(archive: Archive) -> dict[str, int]:
    """Descriptions of the synthetic series in the study of the source, with their numbers of instances."""
    [study] = (item for item in archive.ask("studies?expand") if item["MainDicomTags"]["StudyInstanceUID"] == STUDY)
    series = [archive.ask(f"series/{name}") for name in study["Series"]]
    told = [(item["MainDicomTags"]["SeriesDescription"], len(item["Instances"])) for item in series]
    assert len(dict(told)) == len(told), "a series was sent twice"
    return {description: count for description, count in told if "synthetic" in description}


def test_a_series_goes_through_the_whole_way_once(filled: Archive, tmp_path: Path, batch):
    out = tmp_path / "out"
    options = {"study_dates": "20240101-20240131", "dicom_out": True, "bicubic": True, "sends_back": True}
    assert batch(filled.web, out, **options) == Summary(1, 0, out / "manifest.csv")
    sent = {"Chest 5.0 BIS 1 mm (synthetic)": THIN_SLICES, "Chest 5.0 DLS 1 mm (synthetic)": THIN_SLICES}
    assert derived_series(filled) == sent
    row, *others = sorted(rows(out).values(), key=lambda row: row["state"] == "left_out")
    assert {other["series"]: other["state"] for other in others} == {"1.2.1": "left_out", "1.2.3": "left_out"}
    assert (row["input"], row["series"], row["state"], row["name"]) == (filled.web, SERIES, "done", SERIES)
    assert len(row["sent"]) == 2
    assert not list(out.glob(".thinslicesr-*.part*")), "what was fetched is left"
    assert not any(value in (out / JSON_NAME).read_text() for value in (IDENTITY["PatientName"], IDENTITY["PatientID"]))

    assert batch(filled.web, out, **options).skipped == 1
    for path in out.glob(f"{SERIES}_*.nrrd"):
        path.unlink()
    assert batch(filled.web, out, **options).skipped == 1, "the archive has it, though the files are gone"
    assert derived_series(filled) == sent


def test_without_dates_every_thick_chest_is_done(filled: Archive, tmp_path: Path, batch):
    assert batch(filled.web, tmp_path / "out") == Summary(2, 0, tmp_path / "out" / "manifest.csv")
    assert derived_series(filled) == {}
    with pytest.raises(UnusableInput, match="holds no such series"):
        batch(filled.web, tmp_path / "other", least_thickness_mm=5.5)


def test_what_was_made_and_not_noted_as_sent_is_sent_again_as_the_same_series(filled: Archive, tmp_path: Path, batch):
    out = tmp_path / "out"
    options = {"study_dates": "20240131", "dicom_out": True}
    batch(filled.web, out, **options)
    made = (out / f"{SERIES}_DLS.nrrd").stat().st_ino
    batch(filled.web, out, **options, sends_back=True)
    told = derived_series(filled)
    with Manifest(out) as manifest:
        row = manifest.row(SERIES)
        assert row is not None
        assert row.sent
        manifest.put([replace(row, state="made", sent=[])])  # as a run that died in between leaves it
    batch(filled.web, out, **options, sends_back=True)
    assert derived_series(filled) == told == {"Chest 5.0 DLS 1 mm (synthetic)": THIN_SLICES}
    assert (out / f"{SERIES}_DLS.nrrd").stat().st_ino == made


@pytest.mark.parametrize("compressor", ["JPEG", "JPEG2000"])
def test_compressed_series_are_fetched_as_they_are_stored(compressor: str, archive: Archive, tmp_path: Path, batch):
    write_hospital_series(tmp_path / "source")
    for path in (tmp_path / "source").iterdir():
        compress(path, compressor)
    DICOMwebClient(archive.web).store_instances([pydicom.dcmread(path) for path in (tmp_path / "source").iterdir()])
    batch(archive.web, tmp_path / "out")
    assert rows(tmp_path / "out")[SERIES]["state"] == "done"


def test_a_user_is_known_by_the_environment_alone(
    program: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "orthanc").mkdir()
    with Archive(program("Orthanc"), tmp_path / "orthanc", users={"reader": "s3cret"}) as guarded:
        for password in (None, "wrong"):
            if password:
                monkeypatch.setenv(USER, "reader")
                monkeypatch.setenv(PASSWORD, password)
            with pytest.raises(ArchiveFailure, match=r"refuses access \(401\)"), connected(guarded.web) as client:
                client.search_for_studies()
        monkeypatch.setenv(PASSWORD, "s3cret")
        with connected(guarded.web) as client:
            assert client.search_for_studies() == []


def test_an_archive_that_is_gone_is_told_in_one_sentence():
    def ask() -> None:
        with connected("http://127.0.0.1:1/dicom-web") as client:
            client.set_http_retry_params(retry=False)
            client.search_for_studies()

    with pytest.raises(ArchiveFailure, match="does not answer"):
        ask()
