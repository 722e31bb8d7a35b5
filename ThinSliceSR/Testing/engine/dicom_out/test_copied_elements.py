"""Elements of a source in another data set: in the form of the standard, or left out where nobody can read them."""

from __future__ import annotations

import struct

import pytest
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from ThinSliceSRLib.engine.dicom_out.copied_elements import SliceHeaders, copied_element


def put(dataset: Dataset, keyword: str, representation: str, value: bytes) -> Dataset:
    """Stores a value as a file would hold it, in explicit little endian."""
    tag = Tag(keyword)
    dataset[tag] = RawDataElement(tag, representation, len(value), value, 0, False, True)
    return dataset


@pytest.mark.parametrize(
    ("keyword", "representation", "value", "written"),
    [
        ("PatientWeight", "DS", b"72.50 ", "72.50"),
        ("PatientWeight", "DS", b"72.500000000000000000001 ", "72.5"),
        ("PatientWeight", "DS", b"72,5", "72.5"),
        ("PatientWeight", "DS", b"nan ", None),
        ("PatientWeight", "DS", b"72 kg ", None),
        ("PatientWeight", "DS", b"", ""),
        ("PatientWeight", "US", b"\x46\x00", "70.0"),
        ("PatientWeight", "FL", struct.pack("<f", 72.5), "72.5"),
        ("PatientWeight", "FL", b"72.5  ", None),
        ("KVP", "FD", b"120 ", None),
        ("WindowCenter", "FD", struct.pack("<2d", 40, -600), "40.0\\-600.0"),
        ("PatientBirthDate", "LO", b"19500101", "19500101"),
        ("PatientSex", "LO", b"F ", "F"),
        ("FrameOfReferenceUID", "LO", b"1.2.3.4 ", "1.2.3.4"),
        ("PatientBirthDate", "US", b"\x46\x00", None),
        ("StudyDescription", "FD", struct.pack("<d", 40), None),
        ("ProcedureCodeSequence", "LO", b"Thorax", None),
    ],
)
def test_an_element_has_the_form_of_its_vr_or_is_left_out(keyword, representation, value, written, recwarn):
    copied = copied_element(put(Dataset(), keyword, representation, value), keyword)
    if written is None:
        assert copied is None
    else:
        assert isinstance(copied, DataElement)
        values = copied.value if copied.VM > 1 else [copied.value]
        assert dictionary_VR(Tag(keyword)) == copied.VR
        assert "\\".join("" if one is None else str(one) for one in values) == written


def code(meaning: bytes, **further: tuple[str, bytes]) -> Dataset:
    item = put(Dataset(), "CodeMeaning", "LO", meaning)
    for keyword, (representation, value) in further.items():
        put(item, keyword, representation, value)
    return item


def slice_header(characters: str | None, item: Dataset) -> Dataset:
    header = Dataset()
    if characters:
        header.SpecificCharacterSet = characters
    header.ProcedureCodeSequence = [item]
    return header


def test_within_a_sequence_only_what_nobody_can_read_is_left_out():
    item = code(b"Thorax", SingleCollimationWidth=("FD", b"12"))
    copied = copied_element(slice_header(None, item), "ProcedureCodeSequence")
    assert [element.keyword for element in copied.value[0]] == ["CodeMeaning"]


@pytest.mark.parametrize(
    ("slices", "characters", "meaning"),
    [
        ([("ISO_IR 192", "ü".encode()), ("ISO_IR 100", "ü".encode("latin1"))], "ISO_IR 192", "ü".encode()),
        ([(None, "ü".encode()), ("ISO_IR 192", "ü".encode())], "ISO_IR 192", "ü".encode()),
        ([("ISO_IR 192", "ü".encode()), ("ISO_IR 100", "ä".encode("latin1"))], "ISO_IR 192", None),
        ([("ISO_IR 100", b"\xfc"), ("ISO_IR 100", b"\xe4")], "ISO_IR 100", None),
    ],
)
def test_texts_within_sequences_are_compared_and_chosen_as_all_others(slices, characters, meaning):
    headers = SliceHeaders([slice_header(told, code(text)) for told, text in slices], ["ProcedureCodeSequence"])
    agreed = headers.agreed("ProcedureCodeSequence")
    assert headers.characters == [characters]
    assert (agreed.value[0].get_item("CodeMeaning").value.strip() if agreed else None) == meaning
