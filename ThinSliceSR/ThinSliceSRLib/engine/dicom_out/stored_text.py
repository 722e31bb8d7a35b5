"""Texts of DICOM elements as the bytes that are stored, so that no name is ever changed by being read and written.

Archives hold texts whose bytes are none of the declared character set, or of one that no program knows. Whoever decodes
such a text and encodes it again loses letters; bytes that travel with their character set do not.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from itertools import pairwise

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
ASCII = bytes(range(128))
CONTROLS = bytes(0x20 if code in {*range(32), 0x7F} - {0x1B} else code for code in range(256))
# Escapes that change the code of a text (ISO 2022), those of its bytes below 128, and the letters of two bytes of each
# half. After the first two of them, the printable ASCII without backslash and tilde is ASCII.
ESCAPE = re.compile(rb"\x1b[ -/]+[0-~]")
LONE_ESCAPE = re.compile(rb"\x1b(?![ -/]+[0-~])")
FIRST_HALF = re.compile(rb"\x1b(?:\(|\$[^)-])")
FIRST_HALF_PAIR, SECOND_HALF_PAIR = re.compile(rb"[!-~]{2}"), re.compile(rb"[\xa1-\xfe]{2}")
LIKE_ASCII = (b"\x1b(B", b"\x1b(J")
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


def letters(text: bytes, characters: Sequence[str]) -> list[bytes]:
    """A text cut wherever it may be, between the bytes of two letters; control characters become spaces.

    Archives declare one character set and store another, so nothing is cut that is one letter in either: the declared
    one, and UTF-8 or else GB18030, whose letters of two bytes are those of other East Asian codes too. What is a text
    in none of them is one piece after the ASCII that it begins with.
    """
    text = LONE_ESCAPE.sub(b" ", text.translate(CONTROLS))
    declared = _borders_in(text, _codec(characters))
    stored = _borders_in(text, "utf-8") or _borders_in(text, "gb18030")
    plain = {*range(len(text) - len(text.lstrip(ASCII)) + 1), len(text)}
    possible = [borders for borders in (declared, stored) if borders] or [plain]
    borders = _borders_between_codes(text).intersection(*possible)
    return [text[start:end] for start, end in pairwise(sorted(borders))]


def ending_in_ascii(text: bytes) -> bytes:
    """The text, after which ASCII can follow: other codes of its first half are ended (PS3.5 6.1.2.5.3)."""
    codes = [code for code in ESCAPE.findall(text) if FIRST_HALF.match(code)]
    return text if not codes or codes[-1] in LIKE_ASCII else text + LIKE_ASCII[0]


def text_element(keyword: str | BaseTag, text: bytes) -> RawDataElement:
    """An element of these bytes, which are written as they are if `written_as_stored` was told."""
    padded = text + b" " * (len(text) % 2)
    tag = Tag(keyword)
    return RawDataElement(tag, dictionary_VR(tag), len(padded), padded, 0, False, True)


def _codec(characters: Sequence[str]) -> str:
    """Python's name of the code in which texts of a character set begin."""
    try:
        return convert_encodings(list(characters) or None)[0]
    except (LookupError, ValueError):
        return "latin-1"


def _borders_in(text: bytes, codec: str) -> set[int] | None:
    """Where letters begin and end in an encoding; None where the text is none of it."""
    decoder = codecs.getincrementaldecoder(codec)()
    borders = {0}
    try:
        for end, code in enumerate(text, start=1):
            decoder.decode(bytes([code]), final=end == len(text))
            if not decoder.getstate()[0]:
                borders.add(end)
    except UnicodeError:
        return None
    return borders


def _borders_between_codes(text: bytes) -> set[int]:
    """Where letters begin and end if escapes change the code (ISO 2022, PS3.5 6.1.2.5); they go with what follows."""
    borders, end = {0}, 0
    in_pairs, high_in_pairs = False, b"\x1b$)" in text
    while end < len(text):
        while escape := ESCAPE.match(text, end):
            if FIRST_HALF.match(escape[0]):
                in_pairs = escape[0].startswith(b"\x1b$")
            end = escape.end()
        pair = in_pairs and FIRST_HALF_PAIR.match(text, end)
        high_pair = high_in_pairs and SECOND_HALF_PAIR.match(text, end)
        end += 2 if pair or high_pair else 1
        borders.add(min(end, len(text)))
    return borders


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
