"""What was written beside its targets takes their places: all of it, or none."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ..errors import NAME_TOO_LONG, Cancelled, CannotWrite, TooLate
from .journal import Journal, flush_folder
from .unfinished import remove_unfinished, unfinished_name

Pending = TypeVar("Pending", bound="PendingFiles")


class PendingFiles:
    """Files and folders written beside their targets; they get their names together when the `with` block ends well.

    with PendingFiles() as files:
        files.part_of(target).write_text(...)

    After any exception in the block, nothing of them is left, and what they were to replace is there.
    """

    def __init__(self) -> None:
        self._replacements: dict[Path, Path] = {}
        self._discarded = False
        self._in_place = False
        self._lock = threading.RLock()

    def __enter__(self: Pending) -> Pending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._put_in_place()
        finally:
            self.discard()

    def part_of(self, target: Path, suffix: str = "") -> Path:
        """Where to write what is to stand at `target`; the name ends in `suffix`.

        Raises Cancelled when all was discarded.
        """
        with self._lock:
            if self._discarded:  # by another thread: what is begun now would stay
                raise Cancelled
            part = target.parent / unfinished_name(suffix)
            self._replacements[part] = target
        return part

    def write_text(self, text: str, target: Path) -> None:
        """Writes a text, with its own line ends, that is to stand at `target`. Raises Cancelled or CannotWrite."""
        try:
            self.part_of(target, target.suffix).write_bytes(text.encode())
        except OSError as error:
            raise writing_refusal(target.parent, error) from error

    def ready(self) -> dict[Path, Path]:
        """What is to take which place, checked once more. Raises Cancelled when it was discarded, or ThinSliceError."""
        if self._discarded:
            raise Cancelled
        return dict(self._replacements)

    def discard(self) -> None:
        """Removes what has not got its final name. Safe from a signal handler, another thread, and twice."""
        self._discarded = True
        with self._lock:  # two threads that remove the same files would stop each other
            for part in list(self._replacements):
                for _ in range(2):  # another thread may finish a file meanwhile, but begins no other one
                    with suppress(OSError):  # Windows holds a file that is being written; the next run removes it
                        remove_unfinished(part)
                self._replacements.pop(part, None)

    def cancel(self) -> None:
        """As `discard`, for a run that is ended from outside. Raises TooLate when all have got their names."""
        with self._lock:
            if self._in_place:
                raise TooLate
            self.discard()

    def _put_in_place(self) -> None:
        with self._lock:
            ready = self.ready()
            try:
                put_in_place(ready)
            except OSError as error:
                raise writing_refusal(next(iter(ready.values())).parent, error) from error
            self._replacements.clear()
            self._in_place = True


def put_in_place(replacements: Mapping[Path, Path]) -> None:
    """Gives each finished file or folder the name of its target, beside which it lies.

    What a target held before is kept in a hidden folder until all are in place. It comes back when one fails, or, when
    the process is killed between two steps, by the next run (`remove_left_overs`). Raises OSError; then all is as it
    was.
    """
    if not replacements:
        return
    journal = Journal(replacements)
    try:
        for folder, step in journal.steps:
            target = folder / step.target
            if target.is_dir() and not (folder / step.finished).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
            if os.path.lexists(target):
                _keep(target, folder / step.keeper)
            os.replace(folder / step.finished, target)
            flush_folder(folder)
        journal.decide()
    except BaseException:
        journal.undo()
        raise
    journal.forget()


def _keep(target: Path, keeper: Path) -> None:
    """Keeps `target` in the folder `keeper`. A file stays under its own name too, where the disk can have it twice."""
    keeper.mkdir(mode=0o700)
    if target.is_file() and not target.is_symlink():
        with suppress(OSError):
            os.link(target, keeper / target.name)
            return
    os.rename(target, keeper / target.name)


def writing_refusal(folder: Path, error: Exception | None, size: int = 0) -> CannotWrite:
    """What to tell when writing `size` bytes into `folder` failed, by `error` or because they are not there."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and shutil.disk_usage(folder).free < size:  # ITK does not tell
        number = errno.ENOSPC
    if number in (errno.ENOSPC, errno.EDQUOT):
        return CannotWrite(f"There is no room left in {folder}; free some or choose another folder.", "no_room")
    if number == errno.ENAMETOOLONG:
        return CannotWrite(NAME_TOO_LONG)
    if isinstance(error, IsADirectoryError):
        return CannotWrite(f"{error.filename} is a folder; give the name of a file.")
    if number == errno.EROFS:
        return CannotWrite(f"{folder} lies on a read-only disk; choose another folder.")
    if number in (errno.EACCES, errno.EPERM):
        return CannotWrite(f"You may not write into {folder}; choose another folder.")
    return CannotWrite(
        f"The output could not be written whole to {folder}; check its disk and any limit on the size of files."
    )
