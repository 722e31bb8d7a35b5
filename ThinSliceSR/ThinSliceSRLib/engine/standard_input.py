"""Standard input, waited for by one thread while others load libraries."""

from __future__ import annotations

import os
import sys
import time

LOOK_S = 0.05


def read_standard_input(most: int) -> bytes:
    """Waits until there is input, and returns at most so many bytes of it; nothing once it has ended.

    Not by sys.stdin: a thread that waits in it keeps Python from ending. On Windows no read may wait, either: OpenBLAS
    asks the system for the kind of its standard input while NumPy loads it, and Windows answers that question about a
    pipe only once no read waits any more (numpy issue 24290). So there it is looked whether there is any.
    Raises OSError where there is no standard input.
    """
    if sys.platform == "win32":
        import _winapi
        import msvcrt

        try:
            while not _winapi.PeekNamedPipe(msvcrt.get_osfhandle(0), 0)[0]:
                time.sleep(LOOK_S)
        except BrokenPipeError:
            return b""
        except OSError:
            pass  # no pipe, so a file or a window, where nothing asks in vain
    return os.read(0, most)
