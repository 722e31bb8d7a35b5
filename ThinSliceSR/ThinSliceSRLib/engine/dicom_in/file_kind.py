"""Which files are DICOM, by their names and how they begin, and which others lie among them."""

from __future__ import annotations

import struct
from collections import Counter
from functools import cache
from pathlib import PurePath

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
START_BYTES = 132  # PS3.10 7.1: a preamble of 128 bytes, then "DICM"
LONGEST_SUFFIX = 6
# The first elements of data sets without a preamble: group length, character set, image type, class and instance.
FIRST_ELEMENTS = (0x0000, 0x0001, 0x0005, 0x0008, 0x0012, 0x0013, 0x0014, 0x0016, 0x0018)
LONGEST_FIRST_VALUE = 256


def may_be_dicom(name: str, start: bytes) -> bool:
    """Whether a file of this name that starts so is DICOM, or is called so. Hidden files are none, as Macs add them."""
    if name.startswith("."):
        return False
    told = start[128:START_BYTES] == b"DICM" or start[:4] == b"DICM" or name.lower().endswith(DICOM_SUFFIXES)
    return told or begins_as_data_set(start)


def begins_as_data_set(start: bytes) -> bool:
    """Whether a file that starts so is DICOM without a preamble, as older programs write it and GDCM reads it."""
    if len(start) < 16:
        return False
    for order in "<>":
        group, element = struct.unpack_from(f"{order}HH", start)
        if group not in (0x0002, 0x0008) or element not in FIRST_ELEMENTS:
            continue
        if start[4:6] in _value_representations():
            return True
        (length,) = struct.unpack_from(f"{order}I", start, 4)
        following = 8 + length
        if length > LONGEST_FIRST_VALUE or length % 2:
            continue
        if following + 4 > len(start) or struct.unpack_from(f"{order}HH", start, following) > (group, element):
            return True
    return False


@cache
def _value_representations() -> set[bytes]:
    from pydicom.valuerep import VR  # not with this file, by which inputs are told apart that are none

    return {str(vr).encode() for vr in VR}


class Census:
    """Counts what lies in the folders of a series, so that none of their files is passed over without a word."""

    def __init__(self) -> None:
        self._dicom: set[tuple[str, str]] = set()
        self._others: Counter[tuple[str, str]] = Counter()
        self._empty: Counter[tuple[str, str]] = Counter()

    def is_dicom(self, path: PurePath, start: bytes) -> bool:
        """As `may_be_dicom`; the file is counted."""
        kind = (str(path.parent), _ending(path.name))
        if may_be_dicom(path.name, start):
            self._dicom.add(kind)
            return True
        if not path.name.startswith("."):
            (self._others if start else self._empty)[kind] += 1
        return False

    @property
    def empty(self) -> int:
        """Files without content among those that are DICOM, in folder and ending as these: copies that failed."""
        return sum(count for kind, count in self._empty.items() if kind in self._dicom)

    @property
    def others(self) -> int:
        """Files among those that are DICOM, in folder and ending as these, that are something else."""
        return sum(count for kind, count in self._others.items() if kind in self._dicom)


def _ending(name: str) -> str:
    """The ending of a name; "" without one, as of names that are identifiers or numbers."""
    ending = PurePath(name).suffix.lower()
    return ending if len(ending) <= LONGEST_SUFFIX and not ending[1:].isdecimal() else ""
