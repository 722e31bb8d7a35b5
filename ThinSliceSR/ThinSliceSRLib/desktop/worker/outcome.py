"""What a run or an export tells: how far it is, how it ended, and what went wrong in our own code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _


@dataclass(frozen=True)
class Progress:
    """How far it is. share: 0 to 1 of the stage, None when unknown. seconds_left: None when unknown."""

    stage: str
    share: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How it ended: `done`, or why not, in one sentence (empty after a cancel), with the engine's code for it.

    log: what the worker wrote. facts: what the worker's events `started` and `finished` tell.
    """

    done: bool
    cancelled: bool
    code: str
    sentence: str
    log: str
    facts: dict[str, Any]


def guarded(answer: Callable[..., None], on_failure: Callable[[Exception], None]) -> Callable[..., None]:
    """`answer` to something that Qt tells. What goes wrong in it, Qt would print and forget; `on_failure` is told."""

    def guarded_answer(*arguments: Any) -> None:
        try:
            answer(*arguments)
        except Exception as error:  # noqa: BLE001
            on_failure(error)

    return guarded_answer


def unexpected_sentence(error: Exception) -> str:
    """What to tell of a failure of Slicer's or ours, of which the Python console holds more."""
    if isinstance(error, MemoryError):
        return _("The memory of this computer does not suffice; close other programs or crop the volume.")
    sentence = _("Something unexpected went wrong ({kind}); look at Slicer's Python console, and report what it says.")
    return sentence.format(kind=type(error).__name__)
