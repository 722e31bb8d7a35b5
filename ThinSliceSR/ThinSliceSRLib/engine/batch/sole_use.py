"""One batch at a time for a destination. The lock is the operating system's, so it ends with its process, however."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import CannotWrite, UnusableInput

LOCK_NAME = ".thinslicesr-batch.lock"
TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Keeps other batches off `folder` while the `with` block lasts. The lock's empty file stays: it means nothing.

    Between machines it holds where the file system carries locks from one to the other, as NFS and SMB do.
    Raises UnusableInput (`in_use`) when another run has it, CannotWrite when the folder cannot be written to.
    """
    try:
        file = (folder / LOCK_NAME).open("ab")
    except OSError as error:
        raise CannotWrite(f"You may not write into {folder}; choose another folder.") from error
    with file:
        try:
            _lock(file)
        except OSError as error:
            if error.errno in TAKEN:
                raise UnusableInput(
                    f"Another batch is working on {folder}; wait for its end or choose another destination.", "in_use"
                ) from error
            raise CannotWrite(
                f"{folder} lies on a disk that cannot lock files ({error.strerror}); choose another destination."
            ) from error
        yield


def _lock(file: BinaryIO) -> None:
    if os.name == "nt":  # not tested: no Windows here
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
