"""Ablations: what each choice of a model is worth, under the same short budget of training steps."""

from __future__ import annotations

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
class Row:
    """One line of the table: how far (dB) each validation case lies above BIS, by seed."""

    choice: str
    leads: tuple[dict[str, float], ...]

    def lead(self, case: str) -> float:
        return float(np.mean([leads[case] for leads in self.leads]))

    @property
    def means(self) -> list[float]:
        """Over the cases, by seed."""
        return [float(np.mean(list(leads.values()))) for leads in self.leads]


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
    }
    learning: dict[str, dict[str, Any]] = {
        "l1": {"loss": "l1"},
        "l2": {"loss": "l2"},
        "charbonnier": {"loss": "charbonnier"},
        "no share for texture": {"texture": 0.0},
        "no share for even changes": {"even_changes": 0.0},
        "loss before the slab correction": {"consistent": False},
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
    measured: dict[str, list[dict[str, float]]] = {}
    for choice in ("as it is", *(name for name in variants if name != "as it is" and name in (choices or variants))):
        for seed in range(settings.seed, settings.seed + seeds):
            trained = _trained(variants[choice], choice, run, seed)
            measured.setdefault(choice, []).append(leads(trained))
            if choice == "as it is":
                side_by_side = leads(trained, replace(OVERLAPPED, slice_overlap=0))
                measured.setdefault("cubes side by side, no overlap", []).append(side_by_side)
                measured.setdefault("no slab consistency", []).append(leads(trained, slab_consistent=False))
    return [Row(choice, tuple(by_seed)) for choice, by_seed in measured.items()]


def _trained(settings: Settings, choice: str, run: Run, seed: int) -> Training:
    folder = run.folder / f"{choice.replace(' ', '-')}-{seed}"
    return train(replace(settings, seed=seed), replace(run, folder=folder, resume=(folder / LAST).exists()))


def leads(trained: Training, tiling: Tiling = OVERLAPPED, slab_consistent: bool = True) -> dict[str, float]:
    """How far (dB) the averaged network lies above BIS, by validation case."""
    network, device = trained.averaged_network, trained.inference_device
    return {
        case.name: dls_psnr(case, network, device, tiling, slab_consistent) - case.bis_psnr for case in trained.cases
    }


def as_markdown(rows: Sequence[Row], steps: int) -> str:
    """The rows as the table of a model card; with several seeds, in brackets the mean of each."""
    cases = list(rows[0].leads[0])
    lines = [
        f"| after {steps} steps | {' | '.join(cases)} | mean |",
        f"| --- |{' ---: |' * (len(cases) + 1)}",
    ]
    for row in rows:
        seeds = f" ({', '.join(f'{mean:+.2f}' for mean in row.means)})" if len(row.means) > 1 else ""
        cells = " | ".join(f"{row.lead(case):+.2f}" for case in cases)
        lines.append(f"| {row.choice} | {cells} | {float(np.mean(row.means)):+.2f}{seeds} |")
    return "\n".join(lines)
