"""With how many threads the CPU computes."""

from __future__ import annotations

import os
import sys

from ..errors import UnusableInput

MOST_THREADS = 1024


def compute_with_threads(threads: str | int) -> None:
    """From now on, PyTorch computes on the CPU with so many threads; `auto` leaves that to it.

    Raises UnusableInput (`wrong_usage`).
    """
    require_threads(threads)
    if threads != "auto":
        import torch  # not with this file: options are looked at before it is there

        torch.set_num_threads(int(threads))


def require_threads(threads: str | int) -> None:
    """Returns when `threads` is auto or a number of threads. Raises UnusableInput (`wrong_usage`)."""
    if threads == "auto":
        return
    if not str(threads).isdecimal() or not 1 <= int(threads) <= MOST_THREADS:
        raise UnusableInput(
            f"--threads must be auto or a whole number from 1 to {MOST_THREADS}; correct it.", "wrong_usage"
        )


def threads_in_use() -> int:
    """With how many threads this program computes: as PyTorch has it, else OMP_NUM_THREADS or all cores, and at most
    these."""
    if "torch" in sys.modules:
        return min(int(sys.modules["torch"].get_num_threads()), cores_here())
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(told), cores_here()) if told.isdecimal() and int(told) > 0 else cores_here()


def cores_here() -> int:
    """The cores that this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
