"""A folder for results, of which nothing stays when nothing came into it."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

from ..errors import CannotWrite, reason_of


def make_folder(folder: Path, afterwards: ExitStack) -> None:
    """Makes a folder, and those around it, if they are not there yet. Raises CannotWrite (`no_folder`).

    afterwards: where the removal of what was made is put, should nothing have come into it.
    """
    try:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(made):  # so that the innermost one is removed first
            afterwards.callback(_remove_empty, path)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"The folder {folder} cannot be made ({reason_of(error)}); choose another.", "no_folder"
        ) from error


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # something lies in it
        folder.rmdir()
