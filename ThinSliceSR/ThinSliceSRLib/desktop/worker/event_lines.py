"""The worker's events: JSON objects, one per line, which arrive in pieces of any length."""

from __future__ import annotations

import json
from typing import Any


class EventLines:
    """Cuts a stream of bytes into events. What is no event is kept in `other_lines`, for the log."""

    def __init__(self) -> None:
        self._unfinished = b""
        self.other_lines: list[str] = []

    def feed(self, piece: bytes) -> list[dict[str, Any]]:
        """The events that became whole with this piece."""
        *lines, self._unfinished = (self._unfinished + piece).split(b"\n")
        events = []
        for line in filter(bytes.strip, lines):
            try:
                events.append(_event_of(line))
            except (ValueError, RecursionError):
                self.other_lines.append(line.decode("utf-8", "replace").rstrip())
        return events


def _event_of(line: bytes) -> dict[str, Any]:
    """Raises ValueError when the line is no event."""
    event = json.loads(line)
    if not isinstance(event, dict) or "event" not in event:
        raise ValueError(line)
    return event
