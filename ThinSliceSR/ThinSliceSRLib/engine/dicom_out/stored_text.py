"""Texts of DICOM elements as the bytes that are stored, so that no name is ever changed by being read and written.

Archives hold texts whose bytes are none of the declared character set, or of one that no program knows. Whoever decodes
such a text and encodes it again loses letters; bytes that travel with their character set do not.
"""

from __future__ import annotations

from collections.abc import Sequence

import pydicom
from pydicom.charset import convert_encodings, decode_bytes, encode_string
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import STR_VR

# Value representations whose bytes the Specific Character Set explains (PS3.5 6.1.2.2).
TEXT_REPRESENTATIONS = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
# What parts names and values, at which character sets of several codes begin anew.
DELIMITERS = {ord(letter) for letter in "\n\r\f\t\\^="}
# PS3.5 table 6.2-1: the most characters of a value of these VRs.
LONGEST_LO = 64
LONGEST_ST = 1024
PYDICOM_2 = pydicom.__version_info__[0] == "2"


def stored_text(dataset: Dataset, keyword: str | BaseTag) -> bytes | None:
    """The bytes of an element that holds text, without padding; None where it holds none or is not there.

    To be asked before anything reads the element, as pydicom forgets the bytes then.
    """
    tag = Tag(keyword)
    if dictionary_VR(tag) not in TEXT_REPRESENTATIONS or tag not in dataset:
        return None
    element = dataset.get_item(tag)
    if not may_be_text(element.VR):
        return None
    value = element.value
    if isinstance(value, bytes):
        return value.rstrip(b" \0")
    return None if value is None else encode_string(str(value), convert_encodings(list(character_set(dataset))))


def may_be_text(representation: str | None) -> bool:
    """Whether a value that a file stores with this VR can be text; None is that of implicit files."""
    return representation in (None, "UN", *STR_VR)


def character_set(dataset: Dataset) -> Sequence[str]:
    """The values of the Specific Character Set; one empty one where there is none."""
    value = dataset.get("SpecificCharacterSet") or ""
    return [value] if isinstance(value, str) else list(value)


def decoded(text: bytes, characters: Sequence[str]) -> str:
    """The text by its character set; "\\ufffd" stands for what is none of its characters."""
    try:
        return decode_bytes(text, convert_encodings(list(characters)), DELIMITERS)
    except (LookupError, UnicodeError, ValueError):
        return text.decode("ascii", "replace")


def is_consistent(text: bytes, characters: Sequence[str]) -> bool:
    """Whether all bytes of a text are of its character set. That is ASCII where none is declared (PS3.3 C.12.1.1.2)."""
    return is_plain(text) or (any(characters) and "\ufffd" not in decoded(text, characters))


def is_plain(text: bytes) -> bool:
    """Whether it is the same in every character set: ASCII without the escapes that begin another code."""
    return text.isascii() and b"\x1b" not in text


def text_element(keyword: str | BaseTag, text: bytes) -> RawDataElement:
    """An element of these bytes, which are written as they are if `written_as_stored` was told."""
    padded = text + b" " * (len(text) % 2)
    tag = Tag(keyword)
    return RawDataElement(tag, dictionary_VR(tag), len(padded), padded, 0, False, True)


def written_as_stored(dataset: Dataset) -> Dataset:
    """The data set, of which pydicom then writes the elements that are bytes as they are, in explicit little endian."""
    if PYDICOM_2:
        dataset.is_implicit_VR, dataset.is_little_endian = False, True
        for name, value in (
            ("read_implicit_vr", False),
            ("read_little_endian", True),
            ("read_encoding", dataset._character_set),
        ):
            setattr(dataset, name, value)  # which later versions do not let be set
    else:
        dataset.set_original_encoding(False, True, dataset._character_set)
    return dataset
