"""Files that stand under their name only when they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import CannotWrite, reason_of
from .replacing import PendingFiles


@contextmanager
def whole_file(target: Path, undo: ExitStack | None = None) -> Iterator[Path]:
    """A path beside `target` to write to: what is there gets the target's name when the `with` block ends well.

    After any exception in the block nothing is left, and an OSError is told as CannotWrite.
    undo: where the removal is put as well, for a run that is ended from outside; as `PendingFiles.cancel`.
    """
    try:
        with PendingFiles() as files:
            if undo is not None:
                undo.callback(files.cancel)
            yield files.part_of(target, target.suffix)
    except OSError as error:
        raise CannotWrite(
            f"{target.name} cannot be written to {target.parent} ({reason_of(error)}); choose another folder."
        ) from error
