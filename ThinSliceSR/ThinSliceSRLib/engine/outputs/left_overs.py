"""The removal of what runs that died have left, after which all outputs of each stand, or none."""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from pathlib import Path

from .journal import JOURNAL, undo_steps
from .unfinished import PREFIX, process_space, remove_unfinished, runs, writer_of


def remove_left_overs(folder: Path, of_others_after_s: float = math.inf) -> list[Path]:
    """Removes from `folder` what processes of this machine that are no more left unfinished; returns its paths.

    Where such a process had given only some of its outputs their names, it takes them away again and brings back what
    they had replaced, unless another result bears that name now.
    of_others_after_s: what other machines left is removed when it has not changed for so long, as nobody can ask them.
    """
    left = [path for path in folder.glob(f"{PREFIX}-*") if _is_left_over(path, of_others_after_s)]
    journals = [path for path in left if path.suffix == JOURNAL]
    for journal in journals:
        with suppress(OSError):  # it may belong to someone else
            undo_steps(journal)
    needed = {writer_of(journal) for journal in journals if os.path.lexists(journal)}
    removed = []
    for path in left:
        with suppress(OSError):  # another run may have removed it, or it may belong to someone else
            if writer_of(path) not in needed:
                remove_unfinished(path)
                removed.append(path)
    return removed


def _is_left_over(path: Path, of_others_after_s: float) -> bool:
    writer = writer_of(path)
    if writer is None:
        return False
    space, process = writer
    if space == process_space():
        return not runs(process)
    with suppress(OSError):  # another run may have removed it
        return time.time() - path.stat().st_mtime > of_others_after_s
    return False
