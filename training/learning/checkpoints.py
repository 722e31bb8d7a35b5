"""Checkpoints: the last state, from which a run goes on, and the best by validation."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import ModelCheckpoint

from .module import Training

LAST = "last.ckpt"


class KeepLast(lightning.Callback):
    """Writes `last.ckpt` every few steps and after each validation, and ends the run when its time is over."""

    def __init__(self, run: Path, every_steps: int, max_minutes: float | None) -> None:
        self.path = run / LAST
        self.every_steps = every_steps
        self.max_minutes = max_minutes
        self.started = time.monotonic()

    def on_train_batch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule, *_: Any) -> None:
        if self.max_minutes is not None:
            over = time.monotonic() - self.started > 60 * self.max_minutes
            trainer.should_stop |= trainer.strategy.reduce_boolean_decision(over, all=False)
        step = trainer.global_step
        assert isinstance(module, Training)
        due = step % self.every_steps == 0 or step == trainer.max_steps
        # A validation at this step belongs to the state; then it is kept after it.
        if due and step % module.settings.validation.every_steps:
            self.keep(trainer)

    def on_validation_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        if not trainer.sanity_checking:
            self.keep(trainer)

    def keep(self, trainer: lightning.Trainer) -> None:
        """Beside the old one first: a run that is killed while writing can still go on."""
        part = self.path.with_suffix(".part")
        trainer.save_checkpoint(part)
        if trainer.is_global_zero:
            part.replace(self.path)


def keep_best(run: Path) -> ModelCheckpoint:
    """Keeps the checkpoint of the highest mean validation PSNR as `best.ckpt`."""
    return ModelCheckpoint(
        run, "best", monitor="validation_psnr", mode="max", save_top_k=1, enable_version_counter=False
    )
