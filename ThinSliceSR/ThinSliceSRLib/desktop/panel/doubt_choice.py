"""The panel's choice whether a run also tells where its thin slices may be wrong, which few models can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..setup.weights_list import WeightsList, doubt_obstacle


class DoubtChoice:
    """The check box, and below it why it is off."""

    def __init__(self, ui: Any, ask: Callable[[], None]) -> None:
        """ask: asks which models there are, which `show_weights` tells some time later."""
        self._ui = ui
        self._ask = ask
        self._parameters: Any = None
        self._weights: WeightsList | None = None
        self._running = False
        ui.makeDoubtCheckBox.toggled.connect(lambda *_arguments: self._toggled())
        self._show()

    @property
    def weights(self) -> WeightsList | None:
        """The models that there are; None while that is not known."""
        return self._weights

    @property
    def wanted(self) -> bool:
        """Whether the next run is to tell it."""
        return self._parameters is not None and self._parameters.makeDoubt and not self.obstacle

    def show(self, parameters: Any, running: bool) -> None:
        """To be called when the parameters, or what is going on, may have changed."""
        self._parameters, self._running = parameters, running
        self._show()

    def show_weights(self, weights: WeightsList) -> None:
        self._weights = weights
        self._show()

    def _toggled(self) -> None:
        if self._ui.makeDoubtCheckBox.checked and self._weights is None:
            self._ask()

    @property
    def obstacle(self) -> str:
        """Why the next run cannot tell it, in a sentence; empty when it can, or may."""
        if self._parameters is None:
            return ""
        return doubt_obstacle(self._weights, self._parameters.model, self._parameters.device)

    def _show(self) -> None:
        obstacle = self.obstacle
        self._ui.makeDoubtCheckBox.enabled = not obstacle and not self._running
        self._ui.doubtObstacleLabel.text = obstacle
        self._ui.doubtObstacleLabel.visible = bool(obstacle)
