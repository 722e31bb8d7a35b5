"""Learning-rate schedules that a run can be stopped in, continued in and ended in at will.

Each is a callable for PyTorch's LambdaLR (step → factor), which keeps the attributes of such objects in checkpoints.
"""

from __future__ import annotations

import math

PATIENCE = 3
DROPS = 3


class WarmUpConstantDecay:
    """Linear warm-up, constant, and a linear decay to zero from the step at which it was asked for."""

    def __init__(self, warmup_steps: int) -> None:
        self.warmup_steps = warmup_steps
        self.decay_start: int | None = None
        self.decay_steps = 0

    def begin_decay(self, step: int, decay_steps: int) -> None:
        """Decays from `step` on; a decay that has begun already goes on as it began."""
        if self.decay_start is None:
            self.decay_start, self.decay_steps = step, decay_steps

    def __call__(self, step: int) -> float:
        warm = min(1.0, (step + 1) / max(1, self.warmup_steps))
        if self.decay_start is None:
            return warm
        return warm * max(0.0, 1 - (step - self.decay_start) / self.decay_steps)

    def validated(self, psnr: float) -> None:
        """This schedule does not depend on how well it goes."""

    @property
    def last_step(self) -> float:
        return math.inf if self.decay_start is None else self.decay_start + self.decay_steps

    def ended(self, step: int) -> bool:
        return step >= self.last_step


class DropOnPlateau:
    """The paper's: ÷10 after 3 validations without gain; the end instead of a fourth drop."""

    last_step = math.inf

    def __init__(self) -> None:
        self.best = float("-inf")
        self.without_gain = 0
        self.drops = 0

    def __call__(self, step: int) -> float:
        return 0.1 ** min(self.drops, DROPS)

    def validated(self, psnr: float) -> None:
        self.without_gain = 0 if psnr > self.best else self.without_gain + 1
        self.best = max(self.best, psnr)
        if self.without_gain == PATIENCE:
            self.drops += 1
            self.without_gain = 0

    def ended(self, step: int) -> bool:
        return self.drops > DROPS
