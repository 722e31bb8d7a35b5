"""How a run on the CPU keeps what one step has freed for the next, which asks for as much again.

By itself, the C library of Linux gives it back to the system, which then hands it out anew page by page, each filled
with zeros: of a run with a small network that took more than a twentieth of all CPU time.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping

# Of <malloc.h> of the GNU C library.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
KEPT_BYTES = 2**30
# The most that library takes. What is larger, as volumes are, is given back at once as before.
LARGEST_KEPT_PIECE_BYTES = 2**25
# By which a user may have chosen what becomes of freed memory.
CHOICES = ("GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


def keep_freed_memory(environment: Mapping[str, str] = os.environ) -> bool:
    """Has this process keep up to 1 GiB that it has freed; returns whether that was done.

    To be called before there are threads that compute, as each would else get memory of its own, to which no such
    choice applies. Nothing is changed where the environment tells of memory, nor with other C libraries.
    """
    if sys.platform != "linux" or any(name in environment for name in CHOICES):
        return False
    try:
        choose = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False  # another C library
    choices = {ARENA_MAX: 1, MMAP_THRESHOLD: LARGEST_KEPT_PIECE_BYTES, TRIM_THRESHOLD: KEPT_BYTES}
    taken = [choose(choice, value) == 1 for choice, value in choices.items()]
    return all(taken)
