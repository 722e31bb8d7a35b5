"""Which files are DICOM, by their names and how they begin, and which others lie among them."""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from functools import cache
from pathlib import Path, PurePath

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
START_BYTES = 132  # PS3.10 7.1: a preamble of 128 bytes, then "DICM"
LONGEST_SUFFIX = 6
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
WRAPPINGS = (".gz", ".bz2", ".xz", ".zst", ".part", ".partial", ".crdownload", ".download", ".filepart")
HANDED_OVER = ".left-out.json"
Kind = tuple[str, str]
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
        self._dicom: set[Kind] = set()
        self._others: Counter[tuple[Kind, Kind]] = Counter()
        self._empty: Counter[tuple[Kind, Kind]] = Counter()
        self._before = {"empty": 0, "others": 0}
        self.archives = 0  # that were not looked into
        self.not_there: Counter[str] = Counter()  # of the files that a DICOMDIR lists, by series UID
        self.lost = 0  # links that are called DICOM and lead to no file, as those of git-annex and DataLad

    def is_dicom(self, path: PurePath, start: bytes) -> bool:
        """As `may_be_dicom`; the file is counted."""
        if may_be_dicom(path.name, start):
            self._dicom.update(_kinds(path))
            return True
        if not path.name.startswith("."):
            self.archives += path.name.lower().endswith(ARCHIVES)
            whole = bool(start) or _unwrapped(path.name) != path.name  # an unfinished download was no copy
            (self._others if whole else self._empty)[_kinds(path)] += 1
        return False

    def count_lost(self, path: PurePath) -> None:
        """Counts a link to a file that is not there."""
        if may_be_dicom(path.name, b""):
            self.lost += 1
        else:
            self._empty[_kinds(path)] += 1

    def hand_over(self, folder: Path) -> None:
        """Leaves word in `folder`, to which only the DICOM files of those that were counted are taken."""
        counts = {"empty": self.empty, "others": self.others, "archives": self.archives, "not_there": self.not_there}
        if any(counts.values()):
            (folder / HANDED_OVER).write_text(json.dumps(counts))

    def take_over(self, folder: Path) -> None:
        """Counts what `hand_over` has left word of in `folder`."""
        if (folder / HANDED_OVER).is_file():
            before = json.loads((folder / HANDED_OVER).read_text())
            self.archives += before.pop("archives")
            self.not_there.update(before.pop("not_there"))
            self._before = before

    @property
    def empty(self) -> int:
        """Files without content among those that are DICOM, in folder and ending as these: copies that failed."""
        here = sum(count for (kind, _), count in self._empty.items() if kind in self._dicom)
        return self._before["empty"] + here

    @property
    def others(self) -> int:
        """Files that are something else but lie and are called as DICOM files are: in a folder and with an ending as
        these, or with a name as these in the folder beside, as where each slice has a folder of its own."""
        others = sum(count for kinds, count in self._others.items() if self._dicom.intersection(kinds))
        return (
            self._before["others"]
            + others
            + sum(
                count
                for (own, beside), count in self._empty.items()
                if own not in self._dicom and beside in self._dicom
            )
        )


def _kinds(path: PurePath) -> tuple[Kind, Kind]:
    """By folder and ending, and by the folder above and the name but for its digits."""
    name = _unwrapped(path.name)
    return (str(path.parent), _ending(name)), (str(path.parent.parent), f"{re.sub('[0-9]+', '', name)} beside")


def _unwrapped(name: str) -> str:
    """The name of a file before it was compressed, or while it is fetched."""
    return next((name[: -len(ending)] for ending in WRAPPINGS if name.lower().endswith(ending)), name)


def _ending(name: str) -> str:
    """The ending of a name; "" without one, as of names that are identifiers or numbers."""
    ending = PurePath(name).suffix.lower()
    return ending if len(ending) <= LONGEST_SUFFIX and not ending[1:].isdecimal() else ""
