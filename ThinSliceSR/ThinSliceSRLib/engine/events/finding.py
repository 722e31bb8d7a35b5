"""What is told of a volume that may not be as it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing about a volume: a stable code, and one plain sentence.

    level: an error (it cannot be used), a warning (the result asks for care), or a note (good to know).
    """

    level: Level
    code: str
    message: str
