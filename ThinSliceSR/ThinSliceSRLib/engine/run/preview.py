"""A raw file with a detached header that shows a DLS volume while it is made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from ..errors import CannotWrite, UnusableInput
from ..files.nrrd_file import nrrd_header
from ..outputs.replacing import writing_refusal
from ..outputs.unfinished import process_space, runs
from ..provenance import PREFIX
from ..volumes.volume import Volume

HEADER_SUFFIX = ".nhdr"
# Which process is at work on it: an entry that is there until the preview is whole.
MAKER = f"{PREFIX}unfinished_by_process"
LONGEST_HEADER = 1 << 14


class Preview:
    """An NRRD header and its raw int16 values, which are replaced slice by slice while a viewer may read them.

    It starts as `first_look` (the BIS volume), whose slices lie along the axis `axis` (of i, j, k). The caller owns the
    two files: they stay when the run succeeds, and `discard` removes them when it does not.
    """

    def __init__(self, header_file: Path, axis: int) -> None:
        check_preview_target(header_file)
        self._files = _files(header_file)
        self._slice_axis = 2 - axis
        self._shape: tuple[int, ...] = ()
        self._header = ""
        self._kept = False

    def create(self, first_look: Volume, entries: dict[str, str]) -> None:
        """Makes both files, the raw one empty. entries: what the header says of the content. Raises CannotWrite."""
        header_file, raw_file = self._files
        self._shape = first_look.hu.shape
        self._header = nrrd_header(first_look, entries, "raw", raw_file.name)
        unfinished = entries | {MAKER: f"{process_space()} {os.getpid()}"}
        with self._writing(first_look.hu.nbytes):
            # The header first: by it, the next run knows what one that was killed has left.
            header_file.write_text(nrrd_header(first_look, unfinished, "raw", raw_file.name), encoding="utf-8")
            self._raw = raw_file.open("wb")

    def fill(self, first_look: Volume) -> None:
        """Writes the values. Raises CannotWrite."""
        with self._writing(first_look.hu.nbytes), self._raw:
            for hu in first_look.hu:  # slice by slice, so that no copy of the whole is in memory
                np.ascontiguousarray(hu, "<i2").tofile(self._raw)

    @contextmanager
    def _writing(self, size: int) -> Iterator[None]:
        header_file, _ = self._files
        try:
            yield
        except OSError as error:
            self.discard()
            if isinstance(error, IsADirectoryError | FileExistsError):
                raise CannotWrite(
                    f"The preview cannot be written to {header_file}, where a folder lies; choose another name."
                ) from error
            raise writing_refusal(header_file.parent, error, size) from error

    def show(self, first_slice: int, hu: np.ndarray) -> None:
        """Puts finished slices, ordered along the slice axis first, into the file.

        The file is open only meanwhile, so that it can be removed at any time on every system.
        """
        values = np.memmap(self._files[1], np.dtype("<i2"), mode="r+", shape=self._shape)
        np.moveaxis(values, self._slice_axis, 0)[first_slice : first_slice + len(hu)] = hu
        values.flush()

    def keep(self) -> None:
        """Leaves the files to the caller: `discard` and later runs leave them alone from now on."""
        self._kept = True
        with suppress(OSError):  # the outputs stand; it is only a preview
            self._files[0].write_text(self._header, encoding="utf-8")

    def discard(self) -> None:
        """Removes both files, unless they are to be kept."""
        if not self._kept:
            _remove(self._files)


def _remove(files: tuple[Path, Path]) -> None:
    """The header last, by which the next run knows the rest: it stays where that cannot be removed, as on Windows while
    it is written."""
    with suppress(OSError):
        for file in reversed(files):
            file.unlink(missing_ok=True)


def _files(header_file: Path) -> tuple[Path, Path]:
    return header_file, header_file.with_suffix(".raw")


def remove_dead_previews(folders: Iterable[Path]) -> None:
    """Removes from the folders the previews of runs on this machine that ended before they could do so themselves."""
    for header_file in {path for folder in folders for path in folder.glob(f"*{HEADER_SUFFIX}")}:
        with suppress(OSError):  # it may belong to someone else
            with header_file.open("rb") as file:
                start = file.read(LONGEST_HEADER).decode("utf-8", "replace")
            maker = re.search(rf"^{MAKER}:=([0-9a-f]+) (\d+)$", start, re.MULTILINE)
            if maker and maker[1] == process_space() and not runs(int(maker[2])):
                _remove(_files(header_file))


def check_preview_target(header_file: Path) -> None:
    """Raises UnusableInput when a preview cannot have this name. Removes what runs that died left under it."""
    remove_dead_previews([header_file.parent])
    if header_file.suffix != HEADER_SUFFIX:
        raise UnusableInput(
            f"The preview {header_file.name} must be named *{HEADER_SUFFIX}; choose such a name.", "wrong_usage"
        )
    for file in _files(header_file):
        if file.exists():
            raise CannotWrite(f"{file} exists; give the preview a name that is new.", "target_exists")
    if not header_file.parent.is_dir():
        raise CannotWrite(f"The folder {header_file.parent} is not there; make it or choose another.")
