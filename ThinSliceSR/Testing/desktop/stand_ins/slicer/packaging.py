"""Stands for slicer.packaging of Slicer 5.12 and later: pip_install, not waited for, as Slicer's own calls it.

Everything below it is real: slicer-core's slicer.util, the process, pip. It cannot prove what Slicer does when another
installation is under way, but for what a test has `isPipInstallInProgress` say.
"""

from __future__ import annotations

from collections.abc import Callable


def isPipInstallInProgress() -> bool:
    return False


def pip_install(
    requirements: list[str],
    *,
    blocking: bool,
    show_progress: bool,
    requester: str,
    logCallback: Callable[[str], None],
    completedCallback: Callable[[int], None],
) -> None:
    import slicer.util

    assert not blocking
    slicer.util.executePythonModule(
        "pip",
        ["install", *requirements],
        blocking=False,
        logCallback=logCallback,
        completedCallback=completedCallback,
    )
