"""By which steps the outputs of a run get their names, written down before the first of them: a run that fails or dies
halfway is undone, by itself or by the next one."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .unfinished import remove_unfinished, unfinished_name

JOURNAL = ".journal"
KEEPER = ".former"


@dataclass(frozen=True)
class Step:
    """An output in its folder: its present name, that to be, the hidden folder that keeps what has this name until all
    is in place, and by which inode it is known whatever its name."""

    finished: str
    target: str
    keeper: str
    inode: int


class Journal:
    """The steps of a run, in each folder those of this folder, under one hidden name.

    The folders know of each other. While the file is there in the last of them, not all outputs have their names.
    """

    def __init__(self, replacements: Mapping[Path, Path]) -> None:
        """Writes down that each finished file or folder is to get the name of its target, beside which it lies."""
        self._name = unfinished_name(JOURNAL)
        self.steps: list[tuple[Path, Step]] = []
        for finished, target in replacements.items():
            keeper = unfinished_name(KEEPER)  # tells nothing of what it keeps
            step = Step(finished.name, target.name, keeper, os.lstat(finished).st_ino)
            self.steps.append((target.parent.resolve(), step))
        self._folders = list(dict.fromkeys(folder for folder, _ in self.steps))
        try:
            for folder in self._folders:
                self._write(folder)
        except OSError:
            self.forget()
            raise

    def _write(self, folder: Path) -> None:
        content = {
            "folders": ["." if other == folder else str(other) for other in self._folders],
            "steps": [asdict(step) for place, step in self.steps if place == folder],
        }
        with (folder / self._name).open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        flush_folder(folder)

    def decide(self) -> None:
        """All have their names, and keep them whatever happens from now on."""
        (self._folders[-1] / self._name).unlink()
        flush_folder(self._folders[-1])

    def undo(self) -> None:
        """All is as it was before the first step. Raises OSError where that cannot be; the next run tries again."""
        undo_steps(self._folders[-1] / self._name)

    def forget(self) -> None:
        """Removes what is of no use any more: the files, and what the targets held. The next run removes the rest."""
        for place in [folder / self._name for folder in self._folders] + [
            folder / step.keeper for folder, step in self.steps
        ]:
            with suppress(OSError):
                remove_unfinished(place)


def undo_steps(journal: Path) -> None:
    """Takes back the steps of a run that did not come to its end, in all its folders, and removes what is left of it.

    journal: that of any of its folders. Raises OSError.
    """
    folders = [journal.parent / folder for folder in _read(journal).get("folders", ["."])]
    if not (folders[-1] / journal.name).exists():  # it came to its end
        folders = [journal.parent]
    else:
        for folder in folders:
            steps = [Step(**told) for told in _read(folder / journal.name).get("steps", [])]
            for step in reversed(steps):
                _undo(folder, step)
            flush_folder(folder)
            for name in [name for step in steps for name in (step.finished, step.keeper)]:
                with suppress(OSError):  # the next run in this folder removes it
                    remove_unfinished(folder / name)
    for folder in folders:
        (folder / journal.name).unlink(missing_ok=True)


def _read(journal: Path) -> dict[str, Any]:
    """What a journal tells; nothing where there is none, or none that was whole when its run died: then no step was.

    Raises PermissionError of somebody else's: in a folder for all, it could have files of this user removed.
    """
    try:
        if hasattr(os, "geteuid") and journal.lstat().st_uid != os.geteuid():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(journal))
        told = json.loads(journal.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _undo(folder: Path, step: Step) -> None:
    target, kept = folder / step.target, folder / step.keeper / step.target
    there = os.lstat(target).st_ino if os.path.lexists(target) else None
    if there not in (None, step.inode):
        return  # what was there before, or what somebody else has put there since
    if there is not None:
        os.replace(target, folder / step.finished)
    if os.path.lexists(kept):
        os.rename(kept, target)


def flush_folder(folder: Path) -> None:
    """Makes the new names last through a power failure, where the system has a way to (Windows has none)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some network file systems do not offer it for folders
        os.fsync(descriptor)
    os.close(descriptor)
