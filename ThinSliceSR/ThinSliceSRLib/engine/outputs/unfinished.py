"""What is being written, a file or a folder: its name beside the target, which tells who writes it."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path

PREFIX = ".thinslicesr"
NAME = re.compile(rf"{re.escape(PREFIX)}-([0-9a-f]+)-(\d+)-[0-9a-f]+\.part.*")


def unfinished_name(suffix: str) -> str:
    """A new name for a file or folder that this process writes: it ends in `suffix`, and no content shows in it."""
    return f"{PREFIX}-{process_space()}-{os.getpid()}-{secrets.token_hex(4)}.part{suffix}"


def writer_of(path: Path) -> tuple[str, int] | None:
    """Which process writes, or wrote, what has this name: its space (`process_space`) and id. None of other names."""
    match = NAME.fullmatch(path.name)
    return (match[1], int(match[2])) if match else None


def remove_unfinished(path: Path) -> None:
    """Removes a file, or a folder with all that it holds; that it is not there is right too. Raises OSError."""
    with suppress(FileNotFoundError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def process_space() -> str:
    """A short hash of where process ids are unique: this host, and on Linux the container within it."""
    place = platform.node()
    with suppress(OSError):
        place += os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(place.encode()).hexdigest()[:8]


def runs(pid: int) -> bool:
    """Whether there is a process with this id."""
    if sys.platform == "win32":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _runs_on_windows(pid: int) -> bool:
    # There, os.kill(pid, 0) would send Ctrl-C.
    import ctypes

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined]  # only Windows has it
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return kernel.GetLastError() == 5  # access denied: it runs, for somebody else
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == still_active
