"""With how many threads the CPU computes."""

from __future__ import annotations

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
