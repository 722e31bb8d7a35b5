"""How long runs have taken on this computer, and so what to expect of the next one."""

from __future__ import annotations

import re
from typing import Any

SETTING = "ThinSliceSR/SecondsPerVoxel/"
# The engine takes the mean over a cube and its seven mirror images.
TIMES = {"standard": 1, "best": 8}


class Speed:
    """That of runs with the same choices, by the voxels of their input."""

    def __init__(self, settings: Any, model: str, device: str, precision: str, threads: str | int) -> None:
        """settings: such as QSettings. The others: as a run is asked for, such as auto."""
        self._settings = settings
        self._setting = SETTING + re.sub(r"[^\w.-]+", "_", f"{model} {device} {precision} {threads} ")

    def learn(self, quality: str, voxels: int, seconds: float) -> None:
        """A run of this quality, one of `TIMES`, has taken so long."""
        self._settings.setValue(self._setting + quality, seconds / voxels)

    def expected_seconds(self, quality: str, voxels: int) -> float | None:
        """None where no such run has come to its end on this computer; that of the other quality tells too."""
        for other in sorted(TIMES, key=lambda known: known != quality):
            try:
                return float(self._settings.value(self._setting + other)) * voxels * TIMES[quality] / TIMES[other]
            except (TypeError, ValueError):
                continue
        return None
