"""Keeps what ITK and the C libraries inside it print off the user's terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# File descriptor 2 belongs to the whole process, so only one thread at a time may turn it away.
_turn = threading.RLock()


@contextmanager
def itk_silenced() -> Iterator[None]:
    """While it lasts, nothing reaches the stderr of this process.

    ITK's own warnings could be switched off, but those of NIfTI, MetaIO and GDCM go straight to file descriptor 2.
    What matters in them comes as an exception too, or is found by our own checks; and as they can name files, and
    so patients, they are not kept.
    """
    with _turn:
        try:
            kept = os.dup(2)
        except OSError:  # a process without stderr, such as a service or a window application
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)
