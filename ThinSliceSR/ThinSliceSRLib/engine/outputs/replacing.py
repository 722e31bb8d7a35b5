"""What was written beside its targets takes their places: all of it, or none."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ..errors import Cancelled, CannotWrite, TooLate
from .unfinished import former_name, remove_unfinished, unfinished_name

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
    kept = []
    with ExitStack() as undo:
        for finished, target in replacements.items():
            if os.path.lexists(target):
                keeper = target.parent / former_name()
                kept.append(keeper)
                undo.callback(_bring_back, keeper, target)
                _keep(target, keeper)
            os.replace(finished, target)
            undo.callback(os.replace, target, finished)
            flush_folder(target.parent)
        undo.pop_all()
    for keeper in kept:
        with suppress(OSError):  # the next run removes it
            remove_unfinished(keeper)


def flush_folder(folder: Path) -> None:
    """Makes the new names last through a power failure, where the system has a way to (Windows has none)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some network file systems do not offer it for folders
        os.fsync(descriptor)
    os.close(descriptor)


def _keep(target: Path, keeper: Path) -> None:
    """Keeps `target` in the folder `keeper`. A file stays under its own name too, where the disk can have it twice."""
    keeper.mkdir(mode=0o700)
    if target.is_file() and not target.is_symlink():
        with suppress(OSError):
            os.link(target, keeper / target.name)
            return
    os.rename(target, keeper / target.name)


def _bring_back(keeper: Path, target: Path) -> None:
    if os.path.lexists(keeper / target.name):
        os.replace(keeper / target.name, target)  # which does nothing where both still are the same file
    with suppress(OSError):  # the next run removes it
        remove_unfinished(keeper)


def writing_refusal(folder: Path, error: Exception | None, size: int = 0) -> CannotWrite:
    """What to tell when writing `size` bytes into `folder` failed, by `error` or because they are not there."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and shutil.disk_usage(folder).free < size:  # ITK does not tell
        number = errno.ENOSPC
    if number in (errno.ENOSPC, errno.EDQUOT):
        return CannotWrite(f"There is no room left in {folder}; free some or choose another folder.", "no_room")
    if number == errno.EROFS:
        return CannotWrite(f"{folder} lies on a read-only disk; choose another folder.")
    if number in (errno.EACCES, errno.EPERM):
        return CannotWrite(f"You may not write into {folder}; choose another folder.")
    return CannotWrite(
        f"The output could not be written whole to {folder}; check its disk and any limit on the size of files."
    )
