"""What the engine tells of this computer: which models are here, at once, and which devices, once it has PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...engine.events.json_lines import facts_of
from ...engine.events.told import DevicesListed, Event, WeightsListed
from ..worker.worker_process import Ending, Worker, crash_sentence
from .weights_list import WeightsList, weights_list_of

ARGUMENTS = ["available"]
WEIGHTS_ARGUMENTS = ["available", "--weights-only"]


class Available:
    """Asks one worker for both, once, unless it fails."""

    def __init__(
        self,
        on_weights: Callable[[WeightsList], None],
        on_devices: Callable[[dict[str, Any]], None],
        on_ended: Callable[[str], None],
    ) -> None:
        """on_ended: whatever happens, with why it failed, in a sentence, or with nothing."""
        self.devices: dict[str, Any] | None = None
        self._on_weights = on_weights
        self._on_devices = on_devices
        self._on_ended = on_ended
        self._worker: Worker | None = None
        self._waiting: list[Callable[[], None]] = []

    @property
    def asking(self) -> bool:
        return self._worker is not None

    def ask(self, then: Callable[[], None] = lambda: None) -> None:
        """Asks, unless that is done or under way; then, whatever it brought, calls `then` once."""
        if self.devices is not None:
            then()
            return
        self._waiting.append(then)
        if self._worker is None:
            self._worker = Worker(ARGUMENTS, on_event=self._on_event, on_ended=self._ended)
            self._worker.start()

    def close(self) -> None:
        """Ends the question without a further word."""
        if self._worker:
            self._worker.abandon()
            self._worker = None

    def _on_event(self, event: Event) -> None:
        if weights := weights_told(event):
            self._on_weights(weights)
        elif isinstance(event, DevicesListed):
            self.devices = facts_of(event)
            self._on_devices(self.devices)

    def _ended(self, ending: Ending) -> None:
        self._worker = None
        self._on_ended("" if self.devices is not None else ending.sentence or crash_sentence())
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()


def weights_told(event: Event) -> WeightsList | None:
    """The models that an event of `thinslicesr available` tells of; None when it is no such event."""
    try:
        return weights_list_of(facts_of(event)) if isinstance(event, WeightsListed) else None
    except (KeyError, TypeError, AttributeError):
        return None
