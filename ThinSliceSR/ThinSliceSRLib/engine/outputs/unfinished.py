"""What is being written, a file or a folder: its name beside the target, and the removal of what a dead run left."""

from __future__ import annotations

import hashlib
import math
import os
import platform
import re
import secrets
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

PREFIX = ".thinslicesr"
KEEPER = ".former"


def unfinished_name(suffix: str) -> str:
    """A new name for a file or folder that this process writes: it ends in `suffix`, and no content shows in it."""
    return f"{PREFIX}-{process_space()}-{os.getpid()}-{secrets.token_hex(4)}.part{suffix}"


def former_name() -> str:
    """A new name for a hidden folder, which keeps what was in the place of a result until the result is there."""
    return unfinished_name(KEEPER)


def remove_left_overs(folder: Path, of_others_after_s: float = math.inf) -> list[Path]:
    """Removes from `folder` what processes of this machine that are no more left unfinished; returns its paths.

    What such a process had only set aside comes back under its own name, unless another result bears that now.
    of_others_after_s: what other machines left is removed when it has not changed for so long, as nobody can ask them.
    """
    pattern = re.compile(rf"{re.escape(PREFIX)}-([0-9a-f]+)-(\d+)-[0-9a-f]+\.part.*")
    removed = []
    for path in folder.glob(f"{PREFIX}-*"):
        match = pattern.fullmatch(path.name)
        with suppress(OSError):  # another run may have removed it, or it may belong to someone else
            if match and _is_left_over(path, match[1], int(match[2]), of_others_after_s):
                if path.name.endswith(KEEPER):
                    _bring_back(path)
                remove_unfinished(path)
                removed.append(path)
    return removed


def _bring_back(keeper: Path) -> None:
    for path in keeper.iterdir():
        if not os.path.lexists(keeper.parent / path.name):
            os.rename(path, keeper.parent / path.name)


def _is_left_over(path: Path, space: str, pid: int, of_others_after_s: float) -> bool:
    if space == process_space():
        return not runs(pid)
    return time.time() - path.stat().st_mtime > of_others_after_s


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
