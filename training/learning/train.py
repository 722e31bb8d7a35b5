"""One training run, from settings and folders to checkpoints."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import lightning
from lightning.pytorch.callbacks import LearningRateMonitor, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.weights.weights_file import load_model
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from ..data.pairs import SimulatedPairs
from ..data.real_pairs import RealPairs
from ..data.volumes import find_volumes, read_training_volume
from ..settings import Settings
from .checkpoints import LAST, KeepLast, keep_best
from .module import Training
from .schedules import WarmUpConstantDecay
from .validation import ValidationCase, real_cases, simulated_cases
from .widening import widened

# What adds something to the features: of a transformer layer the ends of its attention and of its perceptron, and of a
# group of layers its convolution.
ADDING = tuple(f"{part}.{kind}" for part in ("attn.proj", "mlp.fc2", ".conv") for kind in ("weight", "bias"))

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """Where a run finds its data and keeps its state, and how far it goes this time.

    start: weights that a new run begins with; those that they lack begin as in a new network.
    steps: stop at this step. max_minutes: stop after this time. decay_steps: let the learning rate fall to zero over
    so many steps from now on, and end.
    """

    data: Path
    validation: Path
    folder: Path
    resume: bool = False
    start: Path | None = None
    steps: int | None = None
    max_minutes: float | None = None
    decay_steps: int | None = None
    save_every_steps: int = 200


def train(settings: Settings, run: Run) -> Training:
    """Trains until the settings or the run say that it ends; `last.ckpt` and `best.ckpt` are in the run's folder.

    Raises UnusableInput when the data cannot be used, or when it is unclear whether a run is new or goes on.
    """
    last = run.folder / LAST
    if last.exists() and not run.resume:
        raise UnusableInput(f"There is a run in {run.folder} already; add --resume or choose another folder.")
    if run.resume and not last.exists():
        raise UnusableInput(f"There is no run in {run.folder} that could go on; leave --resume out.")
    if run.decay_steps and settings.optimisation.schedule == "plateau":
        raise UnusableInput("A run with the schedule plateau decays by itself; leave --decay-steps out.")
    run.folder.mkdir(parents=True, exist_ok=True)

    lightning.seed_everything(settings.seed)
    module = Training(settings, samples_of(settings, run.data), cases_of(settings, run.validation))
    if run.start and not run.resume:
        start_from(module, run.start)
    for case in module.cases:
        logger.info("%s: BIS %.2f dB", case.name, case.bis_psnr)
    trainer_of(settings, run).fit(module, ckpt_path=last if run.resume else None)
    return module


def start_from(module: Training, weights: Path) -> None:
    """Gives a module, and its moving average, the weights of a file. Raises WeightsError, and UnusableInput where they
    do not fit the settings.

    Transformer layers, or groups of them, that they lack change nothing at first; nor do more channels, see `widened`.
    A last convolution that looks at fewer places (`tail_window`) becomes the middle of this one.
    """
    model, config = load_model(weights), module.settings.network
    known = model.network.state_dict()
    wider = (config.tail_window - known["conv_last.weight"].shape[-1]) // 2
    known["conv_last.weight"] = functional.pad(known["conv_last.weight"], [wider] * 4)
    copies = config.slice_channels // model.configuration.slice_channels
    if copies > 1:
        known = widened(known, model.configuration, copies, module.settings.seed)
    for network in (module.network, module.averaged_network):
        try:
            lacking = network.load_state_dict(known, strict=False).missing_keys
        except RuntimeError as error:
            raise UnusableInput(
                f"The weights {weights.name} have other sizes than the network of these settings; give those of "
                "one with fewer layers, or whose slice_channels, tail_channels, through_plane_heads and in_plane_heads "
                "are all the same part of these.",
                "settings",
            ) from error
        for name in lacking:
            if name.endswith(ADDING):
                nn.init.zeros_(network.get_parameter(name))
    module.begun_with = sorted(known.keys() & dict(module.network.named_parameters()).keys())
    logger.info("Starting from %s; new: %s", weights.name, ", ".join(lacking) or "nothing")


def trainer_of(settings: Settings, run: Run) -> lightning.Trainer:
    """Lightning's trainer: one endless epoch, so that steps alone count."""
    hardware = settings.hardware
    return lightning.Trainer(
        accelerator=hardware.accelerator,
        devices=hardware.devices,
        strategy=hardware.strategy,
        precision=hardware.precision,
        max_epochs=-1,
        max_steps=run.steps or settings.optimisation.steps,
        gradient_clip_val=settings.optimisation.gradient_clip or None,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        val_check_interval=settings.validation.every_steps,
        log_every_n_steps=20,
        logger=[CSVLogger(run.folder, "csv"), TensorBoardLogger(run.folder, "tensorboard")],
        callbacks=[
            BeginDecay(run.decay_steps),
            KeepLast(run.folder, run.save_every_steps, run.max_minutes),
            keep_best(run.folder),
            LearningRateMonitor("step"),
            StepsToGo(refresh_rate=20),
        ],
    )


class BeginDecay(lightning.Callback):
    """Begins the decay of the learning rate at the step at which this part of the run begins, if it was asked for."""

    def __init__(self, decay_steps: int | None) -> None:
        self.decay_steps = decay_steps

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, Training)
        if self.decay_steps and isinstance(module.schedule, WarmUpConstantDecay):
            module.schedule.begin_decay(trainer.global_step, self.decay_steps)


class StepsToGo(TQDMProgressBar):
    """A bar of all steps up to the last, also where a run goes on in the middle or decays."""

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        super().on_train_start(trainer, module)
        self.show_steps(trainer, module)

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        super().on_train_epoch_start(trainer, module)
        self.show_steps(trainer, module)

    def show_steps(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, Training)
        bar = self.train_progress_bar
        bar.reset(min(trainer.max_steps, module.schedule.last_step))
        bar.initial = bar.n = trainer.global_step
        bar.set_description("Training")


def samples_of(settings: Settings, data: Path) -> Dataset:
    """The training samples that the settings describe, from the volumes in `data`."""
    config = settings.network
    if settings.real_pairs:
        return RealPairs(data, config, settings.real_pairs, settings.seed)
    assert settings.simulated_pairs is not None
    volumes = [read_training_volume(path, settings.crop) for path in find_volumes(data)]
    for volume in volumes:
        logger.info("%s: %s", volume.name, ", ".join(f"{v.hu.shape} {v.spacing_mm:.2f} mm" for v in volume.views))
    return SimulatedPairs(volumes, config, settings.simulated_pairs, settings.seed)


def cases_of(settings: Settings, folder: Path) -> list[ValidationCase]:
    """The validation cases in `folder`: of the same kind as the training pairs."""
    region, ratio = settings.validation.region, settings.network.ratio
    if settings.real_pairs:
        return real_cases(folder, region, ratio, settings.real_pairs)
    return simulated_cases(folder, region, settings.validation.slabs)
