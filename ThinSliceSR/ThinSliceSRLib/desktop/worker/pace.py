"""How far the cubes of a run are: what the worker tells, and in between, what cubes have taken on this computer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import qt

TICK_MS = 1000
SETTING = "ThinSliceSR/SecondsPerCube/"
# Of what is not told to be done yet, only so much is taken for done, so that nothing has to be taken back.
MOST_BEFORE_IT_IS_TOLD = 0.9


class Pace:
    """A share and the seconds left, told each second from the first news of the cubes until `close`."""

    def __init__(self, settings: Any, on_tick: Callable[[float | None, float | None], None]) -> None:
        """settings: such as QSettings; keeps the time of a cube from one run to the next.

        on_tick: takes the share that is done, 0 to 1, and the seconds left; each None while they cannot be told.
        """
        self._settings = settings
        self._on_tick: Callable[[float | None, float | None], None] | None = on_tick
        self._setting = ""
        self._done = self._total = 0
        self._began = self._news_at = 0.0
        self._share = 0.0
        self._timer = qt.QTimer()
        self._timer.timeout.connect(self._tick)

    def begin(self, model: str, device: str, precision: str, quality: str = "standard") -> None:
        """What computes, and how well; each takes a time of its own."""
        quality = "" if quality == "standard" else f" {quality}"
        self._setting = SETTING + re.sub(r"[^\w.-]+", "_", f"{model} {device} {precision}{quality}")

    def told(self, done: int, total: int) -> None:
        """So many cubes are done; told first when none is."""
        now = time.monotonic()
        if self._total == 0:
            self._began = now
            self._timer.start(TICK_MS)
        self._done, self._total, self._news_at = done, total, now
        if total and done == total:
            self._settings.setValue(self._setting, (now - self._began) / total)
        self._tick()

    def close(self) -> None:
        """Tells nothing any more. PythonQt keeps this object for the session, so it must not keep the listener."""
        self._timer.stop()
        self._on_tick = None

    def _tick(self) -> None:
        if self._on_tick is None or self._total == 0:
            return
        seconds = self._seconds_per_cube()
        if seconds is None:
            self._on_tick(None, None)
            return
        waited, left = time.monotonic() - self._news_at, self._total - self._done
        since = min(waited / seconds, MOST_BEFORE_IT_IS_TOLD * left) if seconds else 0.0
        self._share = max(self._share, (self._done + since) / self._total)
        self._on_tick(self._share, max(left * seconds - waited, 0.0) if left else 0.0)

    def _seconds_per_cube(self) -> float | None:
        """In this run so far, else in the last one that computed with the same; None when that is not known."""
        if self._done:
            return (self._news_at - self._began) / self._done
        try:
            return float(self._settings.value(self._setting))
        except (TypeError, ValueError):
            return None
