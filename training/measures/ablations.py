"""Ablations: what each choice of a model is worth, under the same short budget of training steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED, Tiling

from ..learning.module import Training
from ..learning.train import Run, train
from ..learning.validation import dls_psnr
from ..settings import Settings


@dataclass(frozen=True)
class Row:
    """One line of the table: how far (dB) each validation case lies above BIS."""

    choice: str
    leads: dict[str, float]

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.leads.values())))


def trained_variants(settings: Settings) -> dict[str, Settings]:
    """Settings that differ from the given ones in a single choice, by what is said of it. Needs simulated pairs."""
    if settings.simulated_pairs is None:
        raise UnusableInput("Ablations need settings with simulated pairs; give training/small.yaml or base.yaml.")
    network = settings.network
    return {
        "as it is": settings,
        "published axis layout": replace(settings, network=replace(network, axis_layout="published")),
        "no linear start": replace(
            settings, network=replace(network, image_skip=False), start_at_linear_interpolation=False
        ),
        "trim 0": replace(settings, network=replace(network, trim=0)),
        "no in-plane axes": replace(settings, simulated_pairs=replace(settings.simulated_pairs, in_plane_share=0.0)),
    }


def ablation_table(settings: Settings, run: Run) -> list[Row]:
    """Trains each variant for `run.steps` steps in a folder of its own within the run's, and measures them.

    The reference is also measured with cubes side by side and without slab consistency, which need no training. A
    variant whose training was interrupted goes on where it was.
    """
    rows = []
    for choice, variant in trained_variants(settings).items():
        folder = run.folder / choice.replace(" ", "-")
        trained = train(variant, replace(run, folder=folder, resume=(folder / "last.ckpt").exists()))
        rows.append(Row(choice, leads(trained)))
        if choice == "as it is":
            rows.append(Row("cubes side by side, no overlap", leads(trained, replace(OVERLAPPED, slice_overlap=0))))
            rows.append(Row("no slab consistency", leads(trained, slab_consistent=False)))
    return rows


def leads(trained: Training, tiling: Tiling = OVERLAPPED, slab_consistent: bool = True) -> dict[str, float]:
    """How far (dB) the averaged network lies above BIS, by validation case."""
    network, device = trained.averaged_network, trained.inference_device
    return {
        case.name: dls_psnr(case, network, device, tiling, slab_consistent) - case.bis_psnr for case in trained.cases
    }


def as_markdown(rows: list[Row], steps: int) -> str:
    """The rows as the table of a model card."""
    cases = list(rows[0].leads)
    lines = [
        f"| after {steps} steps | {' | '.join(cases)} | mean |",
        f"| --- |{' ---: |' * (len(cases) + 1)}",
        *(
            f"| {row.choice} | {' | '.join(f'{row.leads[case]:+.2f}' for case in cases)} | {row.mean:+.2f} |"
            for row in rows
        ),
    ]
    return "\n".join(lines)
