"""Text files that stand under their name only when they are whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import CannotWrite, UnusableInput
from ..volumes.unfinished import unfinished_name


def check_text_targets(targets: Sequence[Path], overwrite: bool) -> None:
    """Returns when text can be written to all targets as far as their names tell. Raises CannotWrite, UnusableInput."""
    if len({target.resolve() for target in targets}) < len(targets):
        raise UnusableInput("Two outputs have the same name; give each its own.", "same_target")
    for target in targets:
        if target.is_dir():
            raise CannotWrite(f"{target} is a folder; give the name of a file.")
        if target.exists() and not overwrite:
            raise CannotWrite(f"{target} exists; allow overwriting or give another name.", "target_exists")
        if not target.parent.is_dir():
            raise CannotWrite(f"There is no folder {target.parent}; create it or choose another.", "no_folder")


def write_text(text: str, target: Path) -> None:
    """Writes UTF-8 with the text's own line ends, beside the target first. Raises CannotWrite."""
    part = target.with_name(unfinished_name(target.suffix))
    try:
        part.write_bytes(text.encode())
        part.replace(target)
    except OSError as error:
        raise CannotWrite(
            f"{target.name} cannot be written to {target.parent} ({error.strerror}); choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)
