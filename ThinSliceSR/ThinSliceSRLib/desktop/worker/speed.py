"""How long runs have taken on this computer, and so what to expect of the next one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

SETTING = "ThinSliceSR/SecondsPerVoxel/"
# The engine takes the mean over a cube and its seven mirror images.
TIMES = {"standard": 1, "best": 8}


class Speed:
    """That of runs on the same device, by their model, their quality and the voxels of their input."""

    def __init__(self, settings: Any, device: str, precision: str, threads: str | int) -> None:
        """settings: such as QSettings. The others: as a run is asked for, such as auto."""
        self._settings = settings
        self._choices = f"{device} {precision} {threads}"

    def learn(self, model: str, quality: str, voxels: int, seconds: float) -> None:
        """A run with this model and quality, one of `TIMES`, has taken so long."""
        self._settings.setValue(self._setting(model, quality), seconds / voxels)

    def expected_seconds(self, model: str, quality: str, voxels: int, work: Mapping[str, float]) -> float | None:
        """None where no run on this computer tells: one of the other quality does, and of another model.

        work: by the names of models, how much each has to compute for a voxel.
        """
        own = work.get(model)
        most_like_it = (
            sorted(work, key=lambda other: (abs(math.log(work[other] / own)), other != model)) if own else [model]
        )
        for other in most_like_it:
            seconds = self._seconds_per_voxel(other, quality)
            if seconds is not None:
                return seconds * voxels * (own / work[other] if own else 1)
        return None

    def _seconds_per_voxel(self, model: str, quality: str) -> float | None:
        for other in sorted(TIMES, key=lambda known: known != quality):
            try:
                return float(self._settings.value(self._setting(model, other))) * TIMES[quality] / TIMES[other]
            except (TypeError, ValueError):
                continue
        return None

    def _setting(self, model: str, quality: str) -> str:
        return SETTING + re.sub(r"[^\w.-]+", "_", f"{model} {self._choices} {quality}")
