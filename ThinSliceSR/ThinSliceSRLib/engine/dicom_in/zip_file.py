"""A ZIP file of DICOM files: their headers, and a private folder to read them from, as GDCM reads only files."""

from __future__ import annotations

import errno
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zipfile import Path as ZipPath

from ..errors import CannotWrite, UnusableInput
from ..outputs.left_overs import remove_left_overs
from ..outputs.unfinished import remove_unfinished, unfinished_name
from .file_kind import START_BYTES, Census

ENCRYPTED_FLAG = 0x1
# CT compresses to a half or third, and pictures of one colour a thousandfold: a series holds few of them.
MOST_TIMES_LARGER = 100
ALWAYS_ALLOWED_BYTES = 1 << 30
# What zipfile raises of damaged files.
DAMAGE = (BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, struct.error)


def is_zip(path: Path) -> bool:
    """Whether there is a file at `path` that is called a ZIP file."""
    return path.suffix.lower() == ".zip" and path.is_file()


@contextmanager
def packed_files(path: Path, census: Census) -> Iterator[tuple[list[Path], Callable[[Path], IO[bytes]]]]:
    """The DICOM files in the ZIP file by the names that they have when it is unpacked, and what opens one of them
    within the `with` block.

    census: counts all files. Raises as `unpacked`, also of what is done in the block, but needs no room.
    """
    with _opened(path) as archive:
        entries = _dicom_entries(archive, path, census)
        yield [Path(name) for name in entries], lambda name: archive.open(entries[name.name])


@contextmanager
def unpacked(path: Path, undo: ExitStack | None = None) -> Iterator[Path]:
    """`path` itself or, if it is a ZIP file, a folder with its DICOM files, which is removed after the `with` block.

    The folder is this user's alone, and its names tell nothing of the content; what processes that died have left of
    such folders is removed too. undo: where the removal is put as well, for a run that is ended from outside.
    Raises UnusableInput (`encrypted`, `truncated`, `unknown_compression`, `no_series`, `too_large`), CannotWrite
    (`no_room`) or OSError.
    """
    if not is_zip(path):
        yield path
        return
    parent = Path(tempfile.gettempdir())
    remove_left_overs(parent)
    folder = parent / unfinished_name("")
    if undo is not None:
        undo.callback(_remove, folder)
    try:
        folder.mkdir(mode=0o700)
        _unpack(path, folder)
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    for _ in range(2):  # another thread may finish a file meanwhile, but begins no other one
        with suppress(OSError):  # Windows holds a file that is being read; the next run removes it
            remove_unfinished(folder)


def _unpack(path: Path, folder: Path) -> None:
    with _opened(path) as archive:
        census = Census()
        entries = _dicom_entries(archive, path, census)
        _require_room(_size(entries), folder)
        try:
            for name, entry in entries.items():
                with archive.open(entry) as packed, (folder / name).open("xb") as file:
                    shutil.copyfileobj(packed, file)
            census.hand_over(folder)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _no_room(folder) from error
            raise


@contextmanager
def _opened(path: Path) -> Iterator[ZipFile]:
    """The ZIP file at `path`; what zipfile finds wrong with it within the block is raised as UnusableInput."""
    try:
        with ZipFile(path) as archive:
            yield archive
    except NotImplementedError as error:
        raise _unknown_compression() from error
    except DAMAGE as error:
        raise UnusableInput("The ZIP file is damaged or cut short; copy or download it again.", "truncated") from error


def _dicom_entries(archive: ZipFile, path: Path, census: Census) -> dict[str, ZipInfo]:
    """The DICOM files in the ZIP file at `path`, by the names that they get, which tell nothing."""
    from .media_directory import files_not_there  # not with this file, which every input loads, as pydicom takes time

    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if any(entry.flag_bits & ENCRYPTED_FLAG for entry in files):
        raise UnusableInput("The ZIP file is encrypted; unpack it and give the folder.", "encrypted")
    if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in files):
        raise _unknown_compression()
    dicom = [entry for entry in files if _is_dicom(archive, entry, census)]
    for entry in dicom:  # while they have names
        census.not_there.update(files_not_there(ZipPath(archive, entry.filename)))
    entries = {f"{number:06d}.dcm": entry for number, entry in enumerate(dicom, start=1)}
    if not entries and any(entry.filename.lower().endswith(".zip") for entry in files):
        raise UnusableInput(
            "The ZIP file holds no DICOM files, but other ZIP files; unpack it and give one of them.", "no_series"
        )
    _require_plausible(_size(entries), path.stat().st_size)
    return entries


def _size(entries: dict[str, ZipInfo]) -> int:
    """Bytes of all of them, unpacked."""
    return sum(entry.file_size for entry in entries.values())


def _is_dicom(archive: ZipFile, entry: ZipInfo, census: Census) -> bool:
    with archive.open(entry) as packed:
        return census.is_dicom(PurePosixPath(entry.filename), packed.read(START_BYTES))


def _require_plausible(size: int, packed: int) -> None:
    if size > max(ALWAYS_ALLOWED_BYTES, MOST_TIMES_LARGER * packed):
        raise UnusableInput(
            f"The ZIP file claims to hold {size / packed:.0f} times its own size, as no CT does; copy or download it "
            "again, or unpack it yourself and give the folder.",
            "too_large",
        )


def _require_room(size: int, folder: Path) -> None:
    if size > shutil.disk_usage(folder).free:
        raise _no_room(folder)


def _unknown_compression() -> UnusableInput:
    return UnusableInput(
        "The ZIP file is compressed in a way that cannot be undone here; unpack it and give the folder.",
        "unknown_compression",
    )


def _no_room(folder: Path) -> CannotWrite:
    return CannotWrite(
        f"There is no room left in {folder.parent} to unpack the ZIP file; free some, or set TMPDIR to another folder.",
        "no_room",
    )
