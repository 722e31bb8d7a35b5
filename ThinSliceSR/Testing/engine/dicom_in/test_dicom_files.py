"""No file of a DICOM folder is passed over without a word: it is read, or told to be something else."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pydicom
import pytest
from dicom_making import files_of, put_bytes, rewrite, write_series
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_dataset
from refusals import refusal
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input

HU = np.random.default_rng(5).integers(-1000, 1500, (8, 9, 11))


def strip_header(path: Path, implicit: bool, little: bool = True) -> None:
    """Leaves the data set alone in the file at `path`: no preamble, no meta information, no ending."""
    dataset = pydicom.dcmread(path)
    written = DicomFileLike(content := BytesIO())
    written.is_implicit_VR, written.is_little_endian = implicit, little
    write_dataset(written, dataset)
    path.write_bytes(content.getvalue())


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A series whose files have no ending."""
    write_series(tmp_path, HU)
    for path in files_of(tmp_path):
        path.rename(path.with_suffix(""))
    return tmp_path


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("which", [slice(None), slice(6, 8), slice(0, 1)])
def test_slices_without_preamble_and_ending_are_read(implicit, which, bare):
    for path in sorted(bare.iterdir(), key=lambda path: int(path.name.split("-")[-1]))[which]:
        strip_header(path, implicit)
    np.testing.assert_array_equal(read_volume(bare).hu, HU)
    assert [finding.code for finding in check_input(bare).findings if finding.code == "files_left_out"] == []


def test_they_are_read_from_a_zip_file_too(bare, tmp_path_factory):
    packed = tmp_path_factory.mktemp("packed") / "scan.zip"
    with ZipFile(packed, "w") as archive:
        for path in bare.iterdir():
            strip_header(path, implicit=True)
            archive.write(path, path.name)
    np.testing.assert_array_equal(read_volume(packed).hu, HU)


@pytest.mark.parametrize("content", [b"", b"DICM" + bytes(200)])
def test_a_file_among_the_slices_that_holds_nothing_is_told_as_damaged(content, bare):
    sorted(bare.iterdir())[2].write_bytes(content)
    error = refusal(bare)
    assert error.code == "truncated"
    assert "1 of the 8" in str(error)


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08 a slice that was compressed as a whole" * 9, b"<html>404</html>"])
def test_a_file_among_the_slices_that_is_something_else_is_told(content, bare):
    sorted(bare.iterdir())[0].write_bytes(content)
    findings = [finding for finding in check_input(bare).findings if finding.code == "files_left_out"]
    assert len(findings) == 1
    assert findings[0].message.startswith("1 of the files among the slices")


def test_files_of_other_kinds_and_places_are_not_told(bare):
    (bare / "notes.txt").write_text("not DICOM")
    (bare / ".hidden").touch()
    (bare / "viewer").mkdir()
    (bare / "viewer" / "README").write_text("not DICOM")
    assert [finding.code for finding in check_input(bare).findings if finding.code == "files_left_out"] == []


def left_out(place: Path) -> list[str]:
    return [finding.code for finding in check_input(place).findings if finding.level == "warning"]


@pytest.mark.parametrize("kind", ["link", "compressed", "unfinished", "packed", "folder", "localiser"])
def test_a_last_slice_that_cannot_be_read_as_it_is_is_told(kind, tmp_path):
    write_series(tmp_path, HU)
    *others, last = files_of(tmp_path)
    code = "files_left_out"
    if kind == "localiser":
        rewrite(last, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
        code = "scouts_left_out"
    elif kind == "folder":
        for number, path in enumerate([*others, last]):
            (tmp_path / f"slice{number}").mkdir()
            path.rename(tmp_path / f"slice{number}" / f"IM{number}")
        (tmp_path / f"slice{number}" / f"IM{number}").write_bytes(b"")
    else:
        content = last.read_bytes()
        last.unlink()
        if kind == "link":
            last.symlink_to(tmp_path / "annex" / "content")
        elif kind == "compressed":
            last.with_suffix(".dcm.gz").write_bytes(gzip.compress(content))
        elif kind == "unfinished":
            last.with_suffix(".dcm.part").touch()
        else:
            with ZipFile(tmp_path / "rest.zip", "w") as archive:
                archive.writestr(last.name, content)
    assert code in left_out(tmp_path)
    if kind != "link":
        packed = tmp_path.with_suffix(".zip")
        with ZipFile(packed, "w") as archive:
            for path in tmp_path.rglob("*"):
                archive.write(path, path.relative_to(tmp_path))
        assert code in left_out(packed)


def test_a_folder_of_links_that_lead_nowhere_is_told_as_such(tmp_path):
    (tmp_path / "1.dcm").symlink_to(tmp_path / "annex" / "content")
    assert "links" in str(refusal(tmp_path))


def test_a_linked_folder_is_read_once(tmp_path):
    write_series(tmp_path / "elsewhere" / "series", HU)
    (tmp_path / "scans" / "one").mkdir(parents=True)
    (tmp_path / "scans" / "series").symlink_to(tmp_path / "elsewhere" / "series")
    (tmp_path / "scans" / "one" / "again").symlink_to(tmp_path / "scans")
    np.testing.assert_array_equal(read_volume(tmp_path / "scans").hu, HU)
    assert not {"copies_left_out", "files_left_out"}.intersection(left_out(tmp_path / "scans"))


POSITIONS = [f"-100\\-80\\{-300 + 5 * k}" for k in range(len(HU))]


def with_values(folder: Path, keyword: str, values: list[str]) -> Path:
    write_series(folder, HU)
    for path, value in zip(files_of(folder), values, strict=True):
        put_bytes(path, keyword, value.encode())
    return folder


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("PixelSpacing", ["0,8\\0,7"] * 8),
        ("ImagePositionPatient", [position.replace("-100", "-100,0") for position in POSITIONS]),
        ("ImageOrientationPatient", ["1,0\\0,0\\0\\0\\1,000\\0"] * 8),
        ("SliceThickness", ["5,0"] * 8),
        ("SliceThickness", ["5\\5"] * 8),
    ],
)
def test_a_place_that_has_only_one_meaning_is_read(keyword, values, tmp_path):
    plain = read_volume(with_values(tmp_path / "plain", "InstanceNumber", [str(k + 1) for k in range(8)]))
    volume = read_volume(with_values(tmp_path / "odd", keyword, values))
    np.testing.assert_array_equal(volume.hu, HU)
    assert volume.spacing_mm == pytest.approx(plain.spacing_mm)
    assert volume.origin_mm == pytest.approx(plain.origin_mm)
    assert volume.acquisition.slice_thickness_mm == 5


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PixelSpacing", "0.8"),
        ("PixelSpacing", "0,8,0,8"),
        ("PixelSpacing", "0.8\\zero"),
        ("PixelSpacing", "1_0\\1_0"),
        ("ImagePositionPatient", ""),
        ("ImagePositionPatient", "1\\2"),
        ("ImageOrientationPatient", "1\\0\\0\\0\\1"),
        ("ImageOrientationPatient", "0\\0\\0\\0\\0\\0"),
    ],
)
def test_a_series_whose_place_cannot_be_read_is_told_by_its_name(keyword, value, tmp_path):
    folder = with_values(tmp_path, keyword, [value] * 8)
    error = refusal(folder)
    assert error.code == "mixed_slices"
    assert '8 of the images of series number 2 "Chest 5.0" do not say where they lie' in str(error)
    listed = check_input(folder).series
    assert "8 images that do not say where they lie" in str(listed[0])


def test_it_does_not_keep_another_series_from_being_chosen(tmp_path):
    with_values(tmp_path / "odd", "PixelSpacing", ["0.8"] * 8)
    write_series(tmp_path / "good", HU, SeriesInstanceUID="1.2.3", SeriesNumber=3)
    checked = check_input(tmp_path)
    assert checked.chosen is not None
    assert checked.chosen.uid == "1.2.3"
    assert [series.number for series in checked.series] == [2, 3]


@pytest.mark.parametrize("thickness", ["5\\8", "thick", "1e999"])
def test_a_thickness_that_nobody_can_read_is_none(thickness, tmp_path):
    folder = with_values(tmp_path, "SliceThickness", [thickness] * 8)
    assert read_volume(folder).acquisition.slice_thickness_mm is None
