"""A download that is not whole yet: FILE.part, written by one run at a time, taken up again by later ones."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..errors import Cancelled, CannotWrite, TooLate
from ..outputs.file_lock import lock
from .inventory import own_folder_refusal, partial_paths
from .weights_header import sha256_of


class PartialFile:
    """What has been downloaded of `target` so far. It stays when the `with` block is left, unless it was finished.

    Raises CannotWrite when another run is at it, or when the folder cannot be written to.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path, self._version_path = partial_paths(target)
        self._stopped = False
        self._finished = False
        self._lock = threading.Lock()
        self._file: BinaryIO

    def __enter__(self) -> PartialFile:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise own_folder_refusal(self.target.parent, error) from error
        if not _locked(self._file) or not _is_at(self._file, self.path):
            self._file.close()
            raise CannotWrite(
                f"Another run is downloading {self.target.name} at the moment; wait until it has ended.", "in_use"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        is_empty = not self._file.closed and self.size == 0
        self._file.close()
        if is_empty:
            self.path.unlink(missing_ok=True)
            self._version_path.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return os.fstat(self._file.fileno()).st_size

    @property
    def version(self) -> str | None:
        """The server's mark (ETag or date) of the version that this is a part of; None when it gave none."""
        return self._version_path.read_text(encoding="utf-8") if self._version_path.is_file() else None

    def restart(self, version: str | None = None) -> None:
        """Drops what is there, for a new beginning with another version."""
        try:
            self._file.truncate(0)
            self._version_path.unlink(missing_ok=True)
            if version:
                self._version_path.write_text(version, encoding="utf-8")
        except OSError as error:
            raise own_folder_refusal(self.target.parent, error) from error

    def append(self, block: bytes) -> None:
        """Adds a block, which stays even if the process ends right after it. Raises Cancelled after `stop`."""
        if self._stopped:
            raise Cancelled
        try:
            self._file.write(block)
            self._file.flush()
        except OSError as error:
            raise own_folder_refusal(self.target.parent, error) from error

    def stop(self) -> None:
        """Nothing is written any more, and the part stays as it is. To be called when the run is cancelled.

        Raises TooLate when the file has its final name.
        """
        with self._lock:
            if self._finished:
                raise TooLate
            self._stopped = True

    def sha256(self) -> str:
        return sha256_of(self.path)

    def finish(self) -> None:
        """Gives the file its final name. Raises Cancelled after `stop`."""
        try:
            os.fsync(self._file.fileno())
            with self._lock:
                if self._stopped:
                    raise Cancelled
                if sys.platform == "win32":  # there, an open file keeps its name
                    self._file.close()
                os.replace(self.path, self.target)
                self._finished = True
            self._version_path.unlink(missing_ok=True)
        except OSError as error:
            raise own_folder_refusal(self.target.parent, error) from error


def _locked(file: BinaryIO) -> bool:
    """Locks the file until it is closed; False when another run has it."""
    try:
        return lock(file)
    except OSError:
        # Some network disks have no locks. Should two runs then write at once, the SHA-256 tells.
        return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the open file still bears this name, which it loses when another run finishes it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
