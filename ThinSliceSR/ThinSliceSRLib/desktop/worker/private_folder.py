"""Where a session's temporary files lie: one private folder, removed with all that is in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from slicer.i18n import tr as _

from ...engine.errors import CannotWrite
from ...engine.outputs.unfinished import process_space, runs

PREFIX = "ThinSliceSR"


class PrivateFolder:
    """A folder that only this user can read. Its name tells nothing but the process that it belongs to."""

    def __init__(self, parent: Path) -> None:
        """Makes the folder in `parent`, and removes those of sessions that have died there. Raises CannotWrite."""
        remove_left_over_folders(parent)
        self.path = _make_folder(f"{PREFIX}-{process_space()}-{os.getpid()}-", parent)

    def new_folder(self) -> Path:
        """An empty folder for one run. Raises CannotWrite."""
        return _make_folder("run-", self.path)

    def remove(self) -> None:
        """Removes the folder. What another program still holds open (on Windows) the next session removes."""
        shutil.rmtree(self.path, ignore_errors=True)


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
