"""The main job shown: one run, a figure of what went in and came out, and figures of merit where the truth is known."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..evaluation.metrics import psnr, ssim, without_outer_slices
from ..evaluation.pictures import comparison_figure
from ..events.progress import Reporter
from ..files.writing import PendingOutputs
from ..phantom.chest import chest_phantom, phantom_nodules
from ..provenance import phantom_header, simulated_thick_header
from ..synthesis.simulation import simulate_thick
from ..volumes.slab_profile import USUAL_SLABS
from ..volumes.volume import Volume
from .job import Job, run_job

DETAIL_MM = 70.0


@dataclass(frozen=True)
class PhantomScan:
    """A phantom as a scanner would have stored it: its thick file, its true thin volume, a place worth looking at."""

    thick: Path
    truth: Volume
    nodule_mm: tuple[float, float, float]


def scan_phantom(folder: Path, seed: int, undo: ExitStack) -> PhantomScan:
    """Writes the phantom, thin (truth.nrrd) and thick (thick.nrrd)."""
    truth = chest_phantom(seed=seed)
    with PendingOutputs(overwrite=True) as outputs:
        undo.callback(outputs.discard)
        outputs.write(truth, folder / "truth.nrrd", phantom_header(seed))
        outputs.write(simulate_thick(truth, USUAL_SLABS), folder / "thick.nrrd", simulated_thick_header(USUAL_SLABS))
    return PhantomScan(folder / "thick.nrrd", truth, phantom_nodules(seed)[0].centre_mm)


def demonstrate(job: Job, scan: PhantomScan | None, figure: Path, reporter: Reporter, undo: ExitStack) -> str:
    """Does the job, draws the figure, and returns what to tell: where things are and, for a phantom, a table.

    The job is one that also writes a BIS volume.
    """
    with ExitStack() as unfinished:  # once the volumes stand, nothing of them keeps the rest from being cancelled
        undo.callback(unfinished.close)
        outcome = run_job(job, reporter, unfinished)
        unfinished.pop_all()
    assert outcome.bis is not None
    method = "synthetic" if outcome.model.trained else "synthetic, untrained"
    columns = {"thick (input)": outcome.thick, "BIS (interpolated)": outcome.bis, f"DLS ({method})": outcome.dls}
    lines = [f"Model: {outcome.model.label}; mean slab error {outcome.finished.slab_error_hu.mean} HU."]
    if scan is not None:
        columns["thin (truth)"] = scan.truth
        lines += _table({"BIS": outcome.bis, "DLS": outcome.dls}, scan.truth)
    through = np.array(scan.nodule_mm) if scan else None
    comparison_figure(columns, figure, through=through, detail_mm=DETAIL_MM, undo=undo)
    lines.append(f"Volumes and the figure {figure.name} are in {figure.parent.resolve()}.")
    return "\n".join(lines)


def _table(results: dict[str, Volume], truth: Volume) -> list[str]:
    """How near results come to the truth, where they lie on its slices."""
    spacings = [volume.spacing_mm[2] for volume in (*results.values(), truth)]
    if not np.allclose(spacings, truth.spacing_mm[2]):
        return [f"How near they are to the truth is told of slices {truth.spacing_mm[2]:g} mm apart, as it has."]
    lines = [f"{'':8}{'PSNR / dB':>10}{'SSIM':>8}"]
    for name, volume in results.items():
        pair = without_outer_slices(volume.hu), without_outer_slices(truth.hu[: len(volume.hu)])
        lines.append(f"{name:8}{psnr(*pair):10.2f}{ssim(*pair):8.4f}")
    return lines
