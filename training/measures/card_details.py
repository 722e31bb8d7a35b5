"""Where a model's errors lie: by tissue, by the place in a slab, and what they do to structures and to readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.mesh import mesh
from ThinSliceSRLib.engine.evaluation.metrics import psnr, without_outer_slices
from ThinSliceSRLib.engine.evaluation.stripes import strongest_line
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES, tissue_masks
from ThinSliceSRLib.engine.synthesis.memory_ladder import rungs_from
from ThinSliceSRLib.engine.synthesis.resampling import interpolate, places_at, resample_slices
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.weights.weights_file import load_model

from ..data.volumes import THIN_MM, find_volumes, read_thin_volume

SLAB_MM = 5.0
STRUCTURE_HU = -500.0  # in the lungs: vessels, walls and nodules are denser
STRUCTURE_VOXELS = 5
EMPHYSEMA_HU = -950  # LAA-950, Gevenois et al. 1996


@dataclass(frozen=True)
class Details:
    """Of one method on one volume of thick slices of 5 mm.

    rms_hu, bias_hu: of the error, by tissue. psnr_by_place: dB of thin slices by their distance (in slices) from the
    nearest thick slice's centre. mesh: see `mesh`. lines: see `strongest_line`. emphysema: share of lung voxels below
    −950 HU. invented, lost: connected structures of the lungs of 5 voxels and more that have no voxel in common with
    any in the truth, or which none in the result has.
    """

    volume: str
    method: str
    rms_hu: dict[str, float]
    bias_hu: dict[str, float]
    psnr_by_place: tuple[float, ...]
    mesh: float
    lines: float | None
    emphysema: float
    invented: int
    lost: int


def details_of(weights: Path, validation: Path) -> Iterator[Details]:
    """The truth itself, BIS and DLS of every thin volume in the folder."""
    model = load_model(weights)
    for path in find_volumes(validation):
        thin = read_thin_volume(path)
        masks = tissue_masks(thin)
        thick = simulate_thick(thin, SlabProfile(SLAB_MM, SLAB_MM))
        rungs = rungs_from(choose_device("auto", "auto"), "auto", model.configuration, OVERLAPPED)
        dls = resample_slices(synthesize(thick, model, rungs).dls, THIN_MM).hu
        bis = interpolate(thick, places_at(THIN_MM, thick)).hu
        truth = without_outer_slices(thin.hu[: len(dls)])
        kept = {name: without_outer_slices(mask[: len(dls)]) for name, mask in masks.items()}
        for method, hu in (("truth", thin.hu[: len(dls)]), ("BIS", bis), (f"DLS {model.label}", dls)):
            yield _details(path.name, method, without_outer_slices(hu), truth, kept)


def _details(volume: str, method: str, hu: np.ndarray, truth: np.ndarray, masks: Mapping[str, np.ndarray]) -> Details:
    error = hu.astype(np.float32) - truth
    lungs = masks["lung"] | masks["vessels"]
    true_parts, made_parts = (_structures(values, lungs) for values in (truth, hu))
    # Five outer slices are left out at each end, so the first that is left lies on a thick slice again.
    places = np.arange(len(hu)) % int(SLAB_MM)
    distances = np.minimum(places, int(SLAB_MM) - places)
    by_place = () if method == "truth" else tuple(psnr(hu[distances == d], truth[distances == d]) for d in (0, 1, 2))
    return Details(
        volume,
        method,
        {kind: float(np.sqrt(np.square(error[masks[kind]]).mean())) for kind in TISSUES},
        {kind: float(error[masks[kind]].mean()) for kind in TISSUES},
        by_place,
        mesh(hu),
        _lines(hu),
        float((hu[lungs] < EMPHYSEMA_HU).mean()),
        _without_counterpart(made_parts, true_parts),
        _without_counterpart(true_parts, made_parts),
    )


def _lines(hu: np.ndarray) -> float | None:
    """None of too few slices."""
    try:
        return strongest_line(hu)
    except UnusableInput:
        return None


def _structures(hu: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """Labels of the connected structures of 5 voxels and more, 0 elsewhere."""
    dense = sitk.GetImageFromArray(((hu > STRUCTURE_HU) & lungs).astype(np.uint8))
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(dense), minimumObjectSize=STRUCTURE_VOXELS)
    return sitk.GetArrayFromImage(parts)


def _without_counterpart(parts: np.ndarray, others: np.ndarray) -> int:
    met = np.unique(parts[(parts > 0) & (others > 0)])
    return int(parts.max() - len(met))


def as_markdown(rows: list[Details]) -> str:
    """Two tables of a model card: errors by tissue (rms, and bias in brackets), and the rest."""
    lines = [
        f"| volume | method | {' | '.join(TISSUES)} |",
        f"| --- | --- |{' ---: |' * len(TISSUES)}",
    ]
    for row in rows:
        if row.method != "truth":
            cells = " | ".join(f"{row.rms_hu[kind]:.1f} ({row.bias_hu[kind]:+.1f})" for kind in TISSUES)
            lines.append(f"| {row.volume} | {row.method} | {cells} |")
    lines += [
        "",
        "| volume | method | PSNR on a thick slice | 1 slice off | 2 slices off | mesh | lines | LAA-950 | invented "
        "| lost |",
        f"| --- | --- |{' ---: |' * 8}",
    ]
    for row in rows:
        places = " | ".join(f"{value:.2f}" for value in row.psnr_by_place) or " |  | "
        structures = " | " if row.method == "truth" else f"{row.invented} | {row.lost}"
        patterns = f"{row.mesh:.3f} | {'' if row.lines is None else f'{row.lines:.2f}'}"
        lines.append(f"| {row.volume} | {row.method} | {places} | {patterns} | {row.emphysema:.2%} | {structures} |")
    return "\n".join(lines)
