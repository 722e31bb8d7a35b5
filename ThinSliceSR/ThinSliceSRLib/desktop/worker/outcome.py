"""What a run or an export tells: how far it is, how it ended, and what went wrong in our own code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from slicer.i18n import tr as _

from ...engine.events.json_lines import facts_of
from ...engine.events.told import Event

Told = TypeVar("Told", bound=Event)


@dataclass(frozen=True)
class Progress:
    """How far it is. share: 0 to 1 of the stage, None when unknown. seconds_left: None when unknown."""

    stage: str
    share: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How it ended: `done`, or why not, in one sentence (empty after a cancel), with the engine's code for it.

    log: what the worker wrote. events: `started` and `finished`, as far as the worker has told them.
    """

    done: bool
    cancelled: bool
    code: str
    sentence: str
    log: str
    events: tuple[Event, ...] = ()

    def told(self, kind: type[Told]) -> Told:
        """The event of this kind, of a job that was done. Raises StopIteration where the worker has not told it."""
        return next(event for event in self.events if isinstance(event, kind))

    @property
    def facts(self) -> dict[str, Any]:
        """What the events tell, as JSON has it; the later one where both tell the same."""
        return {name: value for event in self.events for name, value in facts_of(event).items()}


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
