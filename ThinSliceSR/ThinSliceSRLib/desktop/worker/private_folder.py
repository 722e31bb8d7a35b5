"""Where a session's temporary files lie: one private folder, removed with all that is in it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from slicer.i18n import tr as _

from ...engine.errors import CannotWrite
from ...engine.outputs.unfinished import process_space, runs
from .piecework import Piecework

PREFIX = "ThinSliceSR"
# So many are freed in some 8 ms.
FREED_BYTES = 32_000_000


class PrivateFolder:
    """A folder that only this user can read. Its name tells nothing but the process that it belongs to."""

    def __init__(self, parent: Path) -> None:
        """Makes the folder in `parent`, and removes those of sessions that have died there. Raises CannotWrite."""
        remove_left_over_folders(parent)
        self.path = _make_folder(f"{PREFIX}-{process_space()}-{os.getpid()}-", parent)
        self._removals: list[Piecework] = []

    def new_folder(self) -> Path:
        """An empty folder for one run. Raises CannotWrite."""
        return _make_folder("run-", self.path)

    def remove_later(self, run: Path) -> None:
        """Removes the folder of a run piece by piece, while the GUI goes on answering; `remove` takes what is left."""
        self._removals = [removal for removal in self._removals if removal.going_on]
        self._removals.append(Piecework(removal_in_pieces(run), lambda _nothing: None, lambda _error: None))

    def remove(self) -> None:
        """Removes the folder. What another program still holds open (on Windows) the next session removes."""
        for removal in self._removals:
            removal.stop()
        shutil.rmtree(self.path, ignore_errors=True)


def removal_in_pieces(folder: Path) -> Generator[None, None, None]:
    """Removes the folder, a few milliseconds up to each `yield`. What cannot be removed stays.

    Large files are cut shorter bit by bit, as the system frees their memory.
    """
    for parent, _folders, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield from _cutting(Path(parent, name))
    shutil.rmtree(folder, ignore_errors=True)


def _cutting(file: Path) -> Generator[None, None, None]:
    """Makes a file small and removes it; one that has another name, too, is somebody else's as well and stays whole."""
    told = file.lstat()
    if stat.S_ISREG(told.st_mode) and told.st_nlink == 1:
        for size in range(told.st_size - FREED_BYTES, 0, -FREED_BYTES):
            os.truncate(file, size)
            yield
    file.unlink()
    yield


def remove_left_over_folders(parent: Path) -> None:
    """Removes the private folders of processes of this machine that are no more."""
    for folder in parent.glob(f"{PREFIX}-{process_space()}-*-*"):
        process_id = folder.name.split("-")[2]
        if process_id.isdigit() and not runs(int(process_id)):
            shutil.rmtree(folder, ignore_errors=True)


def _make_folder(prefix: str, parent: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    except OSError as error:
        sentence = _("No temporary folder can be made in {folder} ({reason}); make room there or restart Slicer.")
        raise CannotWrite(sentence.format(folder=parent, reason=error.strerror), "no_folder") from error
