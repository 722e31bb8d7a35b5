"""One batch at a time for a destination. The lock is the operating system's, so it ends with its process, however."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CannotWrite, UnusableInput, reason_of
from ..outputs.file_lock import lock

LOCK_NAME = ".thinslicesr-batch.lock"


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
            free = lock(file)
        except OSError as error:
            raise CannotWrite(
                f"{folder} lies on a disk that cannot lock files ({reason_of(error)}); choose another destination."
            ) from error
        if not free:
            raise UnusableInput(
                f"Another batch is working on {folder}; wait for its end or choose another destination.", "in_use"
            )
        yield
