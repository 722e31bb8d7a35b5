"""The worker's events: JSON objects, one per line, which arrive in pieces of any length."""

from __future__ import annotations

from ...engine.events.json_lines import event_of
from ...engine.events.told import Event


class EventLines:
    """Cuts a stream of bytes into events. What is no event is kept in `other_lines`, for the log."""

    def __init__(self) -> None:
        self._unfinished = b""
        self.other_lines: list[str] = []

    def feed(self, piece: bytes) -> list[Event]:
        """The events that became whole with this piece, without those that this version does not know."""
        *lines, self._unfinished = (self._unfinished + piece).split(b"\n")
        events = []
        for line in filter(bytes.strip, lines):
            try:
                event = event_of(line)
            except (ValueError, RecursionError):
                self.other_lines.append(line.decode("utf-8", "replace").rstrip())
                continue
            if event is not None:
                events.append(event)
        return events
