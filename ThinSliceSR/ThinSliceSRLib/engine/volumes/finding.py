"""What is told of a volume that may not be as it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing about a volume: an error (it cannot be used) or a warning, a stable code, and one plain sentence."""

    level: Literal["error", "warning"]
    code: str
    message: str
