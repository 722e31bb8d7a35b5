"""Loaded by the workers of a cluster of our own: Ctrl-C reaches every process of a terminal, and only the batch, which
then ends its workers, is to answer it."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by Dask as the worker begins."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
