"""A lock on an open file. It is the operating system's, so it ends with its process, however that ends."""

from __future__ import annotations

import errno
import os
import sys
from typing import BinaryIO

# Far behind the end of any file, because Windows keeps others from reading what is locked.
LOCKED_PLACE = 1 << 40
TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


def lock(file: BinaryIO) -> bool:
    """Locks the file until it is closed; False when another process has it. Raises OSError on disks without locks.

    Between machines it holds where the file system carries locks from one to the other, as NFS and SMB do.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file.fileno(), LOCKED_PLACE, os.SEEK_SET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    return True
