"""Loaded by the workers of a cluster of our own as they begin.

Ctrl-C reaches every process of a terminal, and only the batch, which then ends its workers, is to answer it. Freed
memory is kept, as on the command line.
"""

from __future__ import annotations

import signal
from typing import Any

from ...freed_memory import keep_freed_memory


def dask_setup(worker: Any) -> None:
    """Called by Dask as the worker begins."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
