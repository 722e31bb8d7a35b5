"""The training of a CTHNet as Lightning runs it: loss, optimiser, moving average, validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from ThinSliceSRLib.engine.devices.device import Device
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.cthnet import CTHNet, start_at_linear_interpolation
from ThinSliceSRLib.engine.network.doubt import doubt_loss
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset

from ..data.pairs import Sample
from ..settings import Settings
from .consistent import consistent
from .sample_order import SampleOrder
from .schedules import DropOnPlateau, WarmUpConstantDecay
from .validation import ValidationCase, dls_psnr

CHARBONNIER_WIDTH = 0.01  # about 30 HU: below it squares count, above it distances
DOUBT_SHARE = 0.001  # of the loss: nothing where gradients are clipped together, and AdamW does not care
TYPICAL_ERROR = 0.005  # about 15 HU; so a run can go on with the other loss without its optimiser noticing
STILL = 0.001  # about 3 HU: columns that change less count less


class Training(lightning.LightningModule):
    """Samples and validation cases in, a trained network out: `averaged_network`, to validate and export.

    begun_with: names of the parameters that the run began with (`train --start`), with their own rate.
    """

    def __init__(self, settings: Settings, samples: Dataset, cases: list[ValidationCase]) -> None:
        super().__init__()
        self.settings = settings
        self.samples = samples
        self.cases = cases
        self.begun_with: list[str] = []
        self.network = CTHNet(settings.network)
        if settings.crop % self.network.in_plane_multiple:
            raise UnusableInput(
                f"The crop must be a multiple of {self.network.in_plane_multiple}; change it.", "settings"
            )
        if settings.start_at_linear_interpolation:
            start_at_linear_interpolation(self.network)
        if settings.optimisation.doubt_only:
            for name, parameter in self.network.named_parameters():
                parameter.requires_grad_(name.startswith("doubt."))
        self.averaged = AveragedModel(self.network, avg_fn=_moving_average(settings.optimisation.average))
        self.averaged.requires_grad_(False)
        warmup = settings.optimisation.warmup_steps
        self.schedule = DropOnPlateau() if settings.optimisation.schedule == "plateau" else WarmUpConstantDecay(warmup)
        if settings.hardware.compile:
            self.network.compile()

    @property
    def averaged_network(self) -> CTHNet:
        """The network with the moving average of the weights."""
        network = self.averaged.module
        assert isinstance(network, CTHNet)
        return network

    @property
    def inference_device(self) -> Device:
        """The device of the training, in its precision, as the engine's synthesis takes it."""
        precision = {"bf16-mixed": "bf16", "16-mixed": "fp16"}.get(self.settings.hardware.precision, "float32")
        return Device(self.device, "", precision)

    def train_dataloader(self) -> DataLoader:
        batch = self.settings.optimisation.batch
        order = SampleOrder(self.global_step, batch, self.global_rank, self.trainer.world_size)
        workers = self.settings.hardware.workers
        return DataLoader(
            self.samples, batch, sampler=order, num_workers=workers, pin_memory=self.device.type == "cuda"
        )

    def val_dataloader(self) -> DataLoader:
        cases = range(len(self.cases))
        return DataLoader(cases, batch_size=None)  # type: ignore[arg-type]  # any sequence is a map-style data set

    def training_step(self, batch: Sample, _index: int) -> Tensor:
        thick, thin, slabs = batch
        trim = self.settings.network.trim
        kept = slice(trim, self.settings.network.thin_slices - trim)
        doubts = self.settings.network.doubt_channels > 0
        output = self.network(thick, slabs, doubt=doubts)[:, :, kept].float()
        made, true = output[:, :1], thin[:, :, kept]
        chosen = self.settings.optimisation
        if chosen.consistent:
            made = consistent(made, thick, slabs, self.settings.network.ratio, trim)
        loss = distance(chosen.loss, made, true)
        if chosen.texture:
            loss = loss + chosen.texture * functional.l1_loss(diagonals(made), diagonals(true))
        if chosen.even_changes:
            ratio = self.settings.network.ratio
            # What is too little does not count: it would be made up for by a pattern, seen as lines or a mesh.
            excess = (changes_by_place(made, ratio) - changes_by_place(true, ratio)).relu()
            loss = loss + chosen.even_changes * excess.mean()
        self.log("loss", loss, prog_bar=True)
        if doubts:
            doubt = doubt_loss(output[:, 1:], (made - true).detach().abs())
            self.log("doubt", doubt, prog_bar=True)
            return doubt if chosen.doubt_only else loss + DOUBT_SHARE * doubt
        return loss

    def optimizer_step(self, *arguments: Any, **options: Any) -> None:
        super().optimizer_step(*arguments, **options)
        self.averaged.update_parameters(self.network)

    def on_train_batch_end(self, *_: Any) -> None:
        if self.schedule.ended(self.global_step):
            self.trainer.should_stop = True

    def validation_step(self, number: int, _index: int) -> None:
        case = self.cases[number]
        reached = dls_psnr(case, self.averaged_network, self.inference_device)
        above_bis = reached - case.bis_psnr
        self.log_dict({f"psnr {case.name}": reached, f"above BIS {case.name}": above_bis}, batch_size=1, sync_dist=True)
        self.log_dict({"validation_psnr": reached, "above_bis": above_bis}, prog_bar=True, batch_size=1, sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        regular = self.global_step and self.global_step % self.settings.validation.every_steps == 0
        if regular and not self.trainer.sanity_checking:
            self.schedule.validated(float(self.trainer.callback_metrics["validation_psnr"]))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["begun_with"] = self.begun_with

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Comes before `configure_optimizers`, so that a run that goes on has the groups of parameters it had."""
        self.begun_with = checkpoint.get("begun_with", [])

    def configure_optimizers(self) -> OptimizerLRScheduler:
        chosen = self.settings.optimisation
        trained = {name: value for name, value in self.network.named_parameters() if value.requires_grad}
        known = [trained.pop(name) for name in self.begun_with if name in trained]
        share = chosen.begun_with_rate if trained else 1.0  # where nothing was added, there is one rate
        groups = [{"params": known, "lr": chosen.learning_rate * share}] if known else []
        groups += [{"params": list(trained.values())}] if trained else []
        optimizer = torch.optim.AdamW(groups, lr=chosen.learning_rate, weight_decay=chosen.weight_decay)
        rate = torch.optim.lr_scheduler.LambdaLR(optimizer, self.schedule)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rate, "interval": "step"}}


def distance(kind: str, made: Tensor, true: Tensor) -> Tensor:
    """The loss: mean `l1`, `l2` or `charbonnier` (smooth l1) distance; l2 as steep as l1 at TYPICAL_ERROR."""
    if kind == "charbonnier":
        return ((made - true).square() + CHARBONNIER_WIDTH**2).sqrt().mean()
    return functional.l1_loss(made, true) if kind == "l1" else functional.mse_loss(made, true) / (2 * TYPICAL_ERROR)


def diagonals(x: Tensor) -> Tensor:
    """How voxels of each square of 2x2 differ along one diagonal from the other: the finest texture in the plane."""
    rows = x[..., 1:, :] - x[..., :-1, :]
    return rows[..., 1:] - rows[..., :-1]


def changes_by_place(x: Tensor, ratio: int) -> Tensor:
    """How large changes from slice to slice are at each place of a slab, against their mean: (batch, ratio).

    x: (batch, 1, slices, rows, columns). Each column counts alike, as in `slab_frequency_energy_of_changes`. Gradients
    take the mean as it is, so that a place has fewer changes only by fewer of its own.
    """
    changes = (x[:, 0, 1:] - x[:, 0, :-1]).abs()
    slabs = changes.shape[1] // ratio
    by_place = changes[:, : slabs * ratio].unflatten(1, (slabs, ratio)).mean(1)
    return (by_place / (by_place.mean(1, keepdim=True).detach() + STILL)).mean((-2, -1))


def _moving_average(share: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Averages over fewer steps at first, so that the start does not linger."""

    def average(old: Tensor, new: Tensor, updates: Tensor | int) -> Tensor:
        return torch.lerp(new.to(old.dtype), old, min(share, (1 + int(updates)) / (10 + int(updates))))

    return average
