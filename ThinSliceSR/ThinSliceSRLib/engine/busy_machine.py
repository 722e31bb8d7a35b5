"""How the engine shares a computer on which other programs run too.

PyTorch computes each step on several threads, which then wait for each other. By default they wait by spinning: when
one of them has lost its core to another program, the others hold theirs for nothing, and keep it from that program too.
So they are to sleep instead, after looking about a thousand times, which is long enough for threads that have their
cores: without that, a run alone on the machine takes a sixth longer. OpenMP reads that once, as PyTorch is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

# GNU's OpenMP, of PyTorch on Linux, goes by the first; LLVM's and Intel's, of macOS, Windows and MKL, by the next.
SLEEP = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "0"}
# By which a user may have chosen how threads wait.
WAITING = (*SLEEP, "OMP_WAIT_POLICY", "KMP_LIBRARY")
# Of 20 steps: a third of the share of a program that has lowered nothing, as long as that one computes.
NICENESS = 5
BELOW_NORMAL_PRIORITY_CLASS = 0x4000


def let_waiting_threads_sleep(environment: MutableMapping[str, str] = os.environ) -> None:
    """Has this process, and those that it starts, wait asleep. To be called before PyTorch is imported.

    Nothing is changed where the environment tells how threads shall wait.
    """
    if not any(name in environment for name in WAITING):
        environment.update(SLEEP)


def let_numpy_use_one_thread(environment: MutableMapping[str, str] = os.environ) -> None:
    """Has NumPy multiply matrices with one thread in this process, and in those that it starts. To be called before
    NumPy is imported.

    Those of the engine are small: a second thread of OpenBLAS, which most NumPys have, spins more than it computes, and
    the products take twice the processor time. For programs of our own alone: others may have large ones. An
    environment that has `OPENBLAS_NUM_THREADS` already stays as it is; `OMP_NUM_THREADS` alone is meant for PyTorch.
    """
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")


def give_way_to_others() -> None:
    """Lowers the priority of this process for good. To be called before it has threads, which inherit it."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.SetPriorityClass(ctypes.c_void_p(kernel.GetCurrentProcess()), BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(NICENESS)
