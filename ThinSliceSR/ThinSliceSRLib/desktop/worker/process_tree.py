"""Ends a process with all that it started: Slicer's Python is a launcher, whose child does the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def end_process_tree(process_id: int) -> None:
    """Kills a process and all its descendants at once; those that are gone already are no error."""
    if sys.platform == "win32":
        command = ["taskkill", "/PID", str(process_id), "/T", "/F"]
        subprocess.run(command, capture_output=True, check=False, creationflags=subprocess.CREATE_NO_WINDOW)
        return
    for member in [*_descendants(process_id), process_id]:
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)


def _descendants(process_id: int) -> list[int]:
    """All processes below this one."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found = list(children.get(process_id, []))
    for member in found:  # grows while it is walked through
        found += children.get(member, [])
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """Every process of this computer with its parent."""
    if sys.platform == "darwin":
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        yield from (tuple(map(int, line.split())) for line in listing.splitlines())
        return
    # Not `ps`: with Slicer's own libraries on the search path, programs of the system need not start.
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may have ended meanwhile
            after_name = entry.read_text(errors="replace").rpartition(")")[2].split()
            yield int(entry.parent.name), int(after_name[1])
