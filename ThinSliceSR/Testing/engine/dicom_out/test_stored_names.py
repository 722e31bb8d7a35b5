"""Names of patients in derived series: the bytes of the source, whatever its character set says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from derived_series_making import derive, write_hospital_series
from dicom_making import files_of, put_stored, rewrite
from pydicom.dataset import Dataset
from ThinSliceSRLib.engine.dicom_out.derived_series import series_description
from ThinSliceSRLib.engine.errors import UnusableInput

CASES = {
    "GBK, declared as Latin 1": ("ISO_IR 100", "王^小东".encode("gbk")),
    "GBK, undeclared": (None, "王^小东".encode("gbk")),
    "GBK, declared as UTF-8": ("ISO_IR 192", "王^小东".encode("gbk")),
    "Latin 1, declared as UTF-8": ("ISO_IR 192", "Müller^Jörg".encode("latin1")),
    "Latin 1, declared as ASCII": ("ISO_IR 6", "Müller^Jörg".encode("latin1")),
    "UTF-8, declared as Latin 1": ("ISO_IR 100", "Müller^Jörg".encode()),
    "Windows 1252": ("ISO_IR 100", b"O\x92Brien^J\x96"),
    "half-width katakana": ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis")),
    "Shift JIS, declared as katakana": ("ISO_IR 13", "山田^太郎".encode("shift_jis")),
    "an unknown set": ("ISO_IR 999", "Wang^小".encode("gbk")),
    "no set at all": ("UTF-8", "王^小东".encode()),
    "a backslash within a letter": ("ISO_IR 100", "沸^俓俓".encode("gbk")),
}


def raw(dataset: Dataset, keyword: str) -> bytes:
    """Of a text that nothing has read yet."""
    stored = dataset.get_item(keyword)
    assert stored.is_raw
    return stored.value.rstrip(b" \0")


def hospital(folder: Path, characters: str | None, name: bytes) -> list[Path]:
    write_hospital_series(folder, hu=np.zeros((3, 8, 9)))
    files = files_of(folder)
    for path in files:
        with_name(path, characters, name)
    return files


def with_name(path: Path, characters: str | None, name: bytes) -> None:
    for keyword in ("PatientName", "StudyDescription", "InstitutionName", "Manufacturer", "SeriesDescription"):
        put_stored(path, keyword, name)
    if "SpecificCharacterSet" in pydicom.dcmread(path, specific_tags=["SpecificCharacterSet"]):
        put_stored(path, "SpecificCharacterSet", characters.encode() if characters else None)


@pytest.mark.parametrize("case", CASES)
def test_each_text_has_the_bytes_and_the_character_set_of_the_source(case, tmp_path, recwarn):
    characters, name = CASES[case]
    hospital(tmp_path / "source", characters, name)
    derived = derive(tmp_path / "source", tmp_path / "dicom", doubt=True)
    for path in (*derived.files("DLS"), *derived.files("DOUBT")):
        dataset = pydicom.dcmread(path)
        assert raw(dataset, "PatientName") == name
        assert raw(dataset, "StudyDescription") == name
        assert raw(dataset, "SeriesDescription") == name + f" {path.parent.name} 1 mm (synthetic)".encode()
        scanner = dataset.ContributingEquipmentSequence[0]
        assert raw(scanner, "InstitutionName") == raw(scanner, "Manufacturer") == name
        assert dataset.get("SpecificCharacterSet") == characters


def test_where_slices_differ_the_first_consistent_one_is_followed(tmp_path):
    files = hospital(tmp_path / "source", "ISO_IR 192", "Müller^Jörg".encode("latin1"))
    with_name(files[1], "ISO_IR 100", "Müller^Jörg".encode("latin1"))
    for dataset in derive(tmp_path / "source", tmp_path / "dicom").slices():
        assert dataset.SpecificCharacterSet == "ISO_IR 100"
        assert dataset.PatientName == "Müller^Jörg"


def test_one_name_in_two_character_sets_is_one_patient(tmp_path):
    files = hospital(tmp_path / "source", "ISO_IR 192", "Müller^Jörg".encode())
    with_name(files[2], "ISO_IR 100", "Müller^Jörg".encode("latin1"))
    names = {str(dataset.PatientName) for dataset in derive(tmp_path / "source", tmp_path / "dicom").slices()}
    assert names == {"Müller^Jörg"}


def test_two_names_are_two_patients_still(tmp_path):
    files = hospital(tmp_path / "source", "ISO_IR 192", "Müller^Jörg".encode())
    with_name(files[2], "ISO_IR 192", "Meier^Jörg".encode())
    with pytest.raises(UnusableInput, match="more than one patient"):
        derive(tmp_path / "source", tmp_path / "dicom")


def test_names_within_sequences_keep_their_bytes(tmp_path):
    other = Dataset()
    other.PatientID, other.TypeOfPatientID = "X", "TEXT"
    for path in hospital(tmp_path / "source", "ISO_IR 192", b"Mueller^Joerg"):
        rewrite(path, OtherPatientIDsSequence=[other])
        content = path.read_bytes()
        assert content.count(b"LO\x02\x00X ") == 1
        path.write_bytes(content.replace(b"LO\x02\x00X ", b"LO\x02\x00\xfcX"))
    dataset = derive(tmp_path / "source", tmp_path / "dicom").slices()[0]
    assert raw(dataset.OtherPatientIDsSequence[0], "PatientID") == b"\xfcX"


@pytest.mark.parametrize("characters", ["ISO_IR 100", "ISO_IR 192", "GB18030"])
def test_a_description_that_is_too_long_is_cut_between_letters(characters):
    text = "Müller " * 12 if characters == "ISO_IR 100" else "胸部 " * 30
    encoding = {"ISO_IR 100": "latin1", "ISO_IR 192": "utf-8", "GB18030": "gb18030"}[characters]
    described = series_description(text.encode(encoding), "DLS", 1.0, [characters])
    assert 55 < len(described) <= 64
    assert described.decode(encoding).endswith(" DLS 1 mm (synthetic)")


KANJI = b"\x1b$B;3ED"  # 山田
MIXED = b"M\xfcll " + KANJI + b"\x1b(B x"
IN_JAPAN = ["", "ISO 2022 IR 87"]


@pytest.mark.parametrize(
    ("source", "characters", "kept"),
    [
        ("Обследование грудной клетки".encode(), ["ISO_IR 100"], "Обследование грудной к".encode()),
        ("Patient’s „Thorax“ – nativ, links, ".encode("cp1252") * 2, ["ISO_IR 100"], None),
        ("胸部".encode("gbk") * 20, [""], "胸部".encode("gbk") * 10 + "胸".encode("gbk")),
        (MIXED * 9, ["ISO 2022 IR 100", "ISO 2022 IR 87"], MIXED * 2 + b"M\xfcll"),
        (KANJI * 9, IN_JAPAN, KANJI * 5 + b"\x1b$B;3\x1b(B"),
        (b"CT " + KANJI, IN_JAPAN, b"CT " + KANJI + b"\x1b(B"),
        (KANJI + b"\x1b(B", IN_JAPAN, KANJI + b"\x1b(B"),
        (b"\x1b$)C" + "홍".encode("euc_kr") * 30, ["", "ISO 2022 IR 149"], b"\x1b$)C" + "홍".encode("euc_kr") * 19),
        (b"Sch\xe4del\\Thorax\x85\x1b", ["ISO_IR 100"], b"Sch\xe4del Thorax\x85"),
        (b"Thorax \xff" * 9, ["ISO_IR 192"], b"Thorax"),
        (b"Thorax \xff", ["ISO_IR 192"], b"Thorax \xff"),
    ],
)
def test_a_description_keeps_its_bytes_and_is_cut_between_its_letters(source, characters, kept):
    described = series_description(source, "DLS", 1.0, characters)
    made = b" DLS 1 mm (synthetic)"
    assert described == (source[: 64 - len(made)].strip() if kept is None else kept) + made
