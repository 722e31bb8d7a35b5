"""One volume that a batch is to synthesise, and what about it tells whether it has changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...dicom_in.thickest import Stack
from ...files.reading import READERS
from ...outputs.file_names import short_hash


@dataclass(frozen=True)
class Source:
    """A thick volume: a file, a series in a folder or ZIP file of DICOM files, or a series in an archive.

    name: what its results are named after: the file's own name without its ending, or the series UID, never a patient.
    place: the file, the folder, or the address of the archive, as the manifest tells it. slices: of DICOM files.
    series: the series UID of DICOM, else "". study: the study UID, where it is in an archive, else "".
    images: of DICOM, tells the images of one series from those of another that bears its UID.
    version: changes when the volume does: size and time of its files, or the number of instances in the archive.
    problem: code and sentence, where it is clear from the start that it cannot be used.
    left_out: why it is not among the volumes to be done, as it is no thick chest CT, or not that of its study.
    stack: of thick chest CT, by which the thick one of its study is told; None where that is not known.
    """

    name: str
    place: str
    series: str = ""
    study: str = ""
    slices: int = 0
    images: str = ""
    version: str = ""
    problem: tuple[str, str] | None = None
    left_out: str = ""
    stack: Stack | None = None

    @property
    def key(self) -> str:
        """What tells it from other volumes, in this run and in later ones."""
        return self.series or self.place

    @property
    def in_archive(self) -> bool:
        return bool(self.study)


def unusable_place(place: Path, code: str, sentence: str) -> Source:
    """A folder or file that gives no volume. A volume file is told by its own name; folders, ZIP files and files of
    DICOM are often called after patients, so no name is made of theirs: the manifest alone says where they lie."""
    is_folder = os.path.isdir(place)  # which asks no permission, as Path.is_dir does
    if place.name.lower().endswith(tuple(READERS)) and not is_folder:
        return Source(place.name, str(place), problem=(code, sentence))
    kind = "folder" if is_folder else "zip" if place.suffix.lower() == ".zip" else "file"
    return Source(f"{kind}-{short_hash(str(place))}", str(place), problem=(code, sentence))


def version_of(files: list[Path]) -> str:
    """Number, size and latest change (ns) of files; "" when one of them cannot be looked at."""
    try:
        states = [path.stat() for path in files]
    except OSError:
        return ""
    size, changed = sum(state.st_size for state in states), max(state.st_mtime_ns for state in states)
    return f"{len(states)} {size} {changed}"
