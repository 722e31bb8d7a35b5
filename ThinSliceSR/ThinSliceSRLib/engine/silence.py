"""Keeps what ITK and the C libraries inside it print off the user's terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# File descriptor 2 belongs to the whole process, so only one thread at a time may turn it away.
_turn = threading.RLock()
_turned_away: list[int] = []  # where it led to before, once for each silence that lasts


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
            _turned_away.append(kept)
            yield
        finally:
            if kept in _turned_away:
                _turned_away.remove(kept)
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)


def give_back_stderr() -> None:
    """Ends the silence of a thread that has been left behind, so that its process can tell that it was cancelled."""
    for kept in _turned_away[:1]:
        os.dup2(kept, 2)
