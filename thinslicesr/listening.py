"""What a run tells to whoever called a function of the package."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ThinSliceSRLib.engine.events.progress import SilentReporter

if TYPE_CHECKING:
    from ThinSliceSRLib.engine.events.finding import Finding

logger = logging.getLogger("thinslicesr")


class Listener(SilentReporter):
    """Warnings and notes go to the logger, progress to a function, if there is one."""

    def __init__(self, on_progress: Callable[[str, int, int], object] | None) -> None:
        self._on_progress = on_progress

    def warning(self, finding: Finding) -> None:
        logger.warning(finding.message)

    def note(self, finding: Finding) -> None:
        logger.info(finding.message)

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        if self._on_progress:
            self._on_progress(stage, done, total)
