"""Ablations: what each choice of a model is worth, under the same short budget of training steps."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED, Tiling

from ..learning.checkpoints import LAST
from ..learning.module import Training
from ..learning.train import Run, train
from ..learning.validation import dls_psnr
from ..settings import Settings


@dataclass(frozen=True)
class Lead:
    """How far (dB) a model lies above BIS, by validation case, and how long it takes for all of them (CPU seconds)."""

    by_case: dict[str, float]
    seconds: float

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.by_case.values())))


@dataclass(frozen=True)
class Row:
    """One line of the table: the leads of what a choice led to, by seed."""

    choice: str
    leads: tuple[Lead, ...]

    def lead(self, case: str) -> float:
        return float(np.mean([lead.by_case[case] for lead in self.leads]))


def trained_variants(settings: Settings) -> dict[str, Settings]:
    """Settings that differ from the given ones in a single choice, by what is said of it. Needs simulated pairs."""
    if settings.simulated_pairs is None:
        raise UnusableInput("Ablations need settings with simulated pairs; give training/small.yaml or base.yaml.")
    network, pairs, optimisation = settings.network, settings.simulated_pairs, settings.optimisation
    networks: dict[str, dict[str, Any]] = {
        "published axis layout": {"axis_layout": "published"},
        "trim 0": {"trim": 0},
        "not told how slices were measured": {"slab_inputs": False, "doubt_channels": 0},
        "every voxel a place": {"in_plane_fold": 1},
        "places of 4x4 voxels": {"in_plane_fold": 4},
        "last convolution sees one place": {"tail_window": 1},
        "windows of 4x4 places": {"in_plane_window": 4},
        "two more slice channels": {"slice_channels": network.slice_channels + 2},
        "one more in-plane layer": {"in_plane_blocks": network.in_plane_blocks + 1},
    }
    samples: dict[str, dict[str, Any]] = {
        "no in-plane axes": {"in_plane_share": 0.0},
        "twice the in-plane axes": {"in_plane_share": min(1.0, 2 * pairs.in_plane_share)},
        "boxes alone": {"box_share": 1.0},
        "no noise, one kernel": {"noisy_share": 0.0, "kernel_share": 0.0},
        "one size": {"zoomed_share": 0.0},
        "no turns": {"turned_share": 0.0},
        "not stretched": {"stretched_share": 0.0},
        "one density": {"other_densities_share": 0.0},
        "slices as thick as they are apart": {"thicker_share": 0.0},
        "the hardest of three places": {"places": 3},
        "5 mm alone": {"usual_share": 1.0},
        "larger crops": {"crop": 3 * pairs.crop // 2},
    }
    learning: dict[str, dict[str, Any]] = {
        "l1": {"loss": "l1"},
        "l2": {"loss": "l2"},
        "charbonnier": {"loss": "charbonnier"},
        "no share for texture": {"texture": 0.0},
        "no share for even changes": {"even_changes": 0.0},
        "loss before the slab correction": {"consistent": False},
        "twice the samples a step": {"batch": 2 * optimisation.batch},
        "half the learning rate": {"learning_rate": optimisation.learning_rate / 2},
        "twice the learning rate": {"learning_rate": 2 * optimisation.learning_rate},
    }
    variants = {
        "as it is": settings,
        "no linear start": replace(
            settings, network=replace(network, image_skip=False), start_at_linear_interpolation=False
        ),
    }
    variants |= {name: replace(settings, network=replace(network, **part)) for name, part in networks.items()}
    variants |= {name: replace(settings, simulated_pairs=replace(pairs, **part)) for name, part in samples.items()}
    variants |= {name: replace(settings, optimisation=replace(optimisation, **part)) for name, part in learning.items()}
    return {name: variant for name, variant in variants.items() if name == "as it is" or variant != settings}


def ablation_table(settings: Settings, run: Run, choices: Sequence[str] = (), seeds: int = 1) -> list[Row]:
    """Trains each variant, or those of `choices`, for `run.steps` steps with so many seeds, in folders of their own
    within the run's, and measures them.

    The reference comes first; it is also measured with cubes side by side and without slab consistency, which need no
    training. A variant whose training was interrupted goes on where it was. Raises UnusableInput for a choice that is
    not known, or no seed.
    """
    variants = trained_variants(settings)
    unknown = set(choices) - set(variants)
    if unknown:
        raise UnusableInput(f"There is no choice {min(unknown)!r}; choose from {', '.join(variants)}.")
    if seeds < 1:
        raise UnusableInput("Each variant needs a seed to be trained with; give 1 or more.")
    measured: dict[str, list[Lead]] = {}
    for choice in ("as it is", *(name for name in variants if name != "as it is" and name in (choices or variants))):
        for seed in range(settings.seed, settings.seed + seeds):
            for name, lead in _leads(variants[choice], choice, run, seed).items():
                measured.setdefault(name, []).append(lead)
            gc.collect()  # a run that has ended refers to itself, and holds its volumes
    return [Row(choice, tuple(by_seed)) for choice, by_seed in measured.items()]


def _leads(settings: Settings, choice: str, run: Run, seed: int) -> dict[str, Lead]:
    """Those of a choice with one seed, and of what else the reference is measured with."""
    folder = run.folder / f"{choice.replace(' ', '-')}-{seed}"
    trained = train(replace(settings, seed=seed), replace(run, folder=folder, resume=(folder / LAST).exists()))
    leads = {choice: lead_of(trained)}
    if choice == "as it is":
        leads["cubes side by side, no overlap"] = lead_of(trained, replace(OVERLAPPED, slice_overlap=0))
        leads["no slab consistency"] = lead_of(trained, slab_consistent=False)
    return leads


def lead_of(trained: Training, tiling: Tiling = OVERLAPPED, slab_consistent: bool = True) -> Lead:
    """That of the averaged network."""
    network, device = trained.averaged_network, trained.inference_device
    begin = time.process_time()
    reached = {case.name: dls_psnr(case, network, device, tiling, slab_consistent) for case in trained.cases}
    seconds = time.process_time() - begin
    return Lead({case.name: reached[case.name] - case.bis_psnr for case in trained.cases}, seconds)


def as_markdown(rows: Sequence[Row], steps: int) -> str:
    """The rows as the table of a model card; with several seeds, in brackets the mean of each."""
    cases = list(rows[0].leads[0].by_case)
    lines = [
        f"| after {steps} steps | {' | '.join(cases)} | mean | CPU s |",
        f"| --- |{' ---: |' * (len(cases) + 2)}",
    ]
    for row in rows:
        means = [lead.mean for lead in row.leads]
        seeds = f" ({', '.join(f'{mean:+.2f}' for mean in means)})" if len(means) > 1 else ""
        cells = " | ".join(f"{row.lead(case):+.2f}" for case in cases)
        seconds = min(lead.seconds for lead in row.leads)  # what other programs do makes it longer alone
        lines.append(f"| {row.choice} | {cells} | {float(np.mean(means)):+.2f}{seeds} | {seconds:.0f} |")
    return "\n".join(lines)
