"""Calibration of a model's doubt on validation volumes, and the tables of a model card that say how reliable it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.metrics import without_outer_slices
from ThinSliceSRLib.engine.evaluation.reliability import Sparsification, coverage, sparsification
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES, tissue_masks
from ThinSliceSRLib.engine.synthesis.memory_ladder import rungs_from
from ThinSliceSRLib.engine.synthesis.resampling import interpolate, places_at, resample_slices
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.calibration import COVERAGES, Calibration, calibrate
from ThinSliceSRLib.engine.weights.weights_file import Model, load_model, with_calibration

from ..data.volumes import THIN_MM, find_volumes, read_thin_volume

SPACINGS_MM = (3.0, 5.0, 8.0)
OVERALL = "body"


@dataclass(frozen=True)
class Sample:
    """Voxels of the body of one volume, made thick with one spacing: one-dimensional, in one order.

    told_hu: what the network expects of its error. error_hu: absolute, of DLS. bis_error_hu: of BIS, and
    bis_doubt_hu: how far the thick slices on both sides differ, which is all that an interpolation can tell of its own.
    tissues: where each kind lies.
    """

    volume: str
    spacing_mm: float
    told_hu: np.ndarray
    error_hu: np.ndarray
    bis_error_hu: np.ndarray
    bis_doubt_hu: np.ndarray
    tissues: dict[str, np.ndarray]


def samples_of(model: Model, validation: Path, spacings_mm: Sequence[float] = SPACINGS_MM) -> list[Sample]:
    """Samples of every thin volume in the folder, made thick by boxes side by side with each of the spacings.

    Raises UnusableInput where the model cannot doubt.
    """
    if not model.configuration.doubt_channels:
        raise UnusableInput(f"The model {model.label} tells no doubt; give one that was trained with doubt_channels.")
    samples = []
    for path in find_volumes(validation):
        thin = read_thin_volume(path)
        masks = tissue_masks(thin)
        samples += [_sample(path.name, thin, masks, spacing_mm, model) for spacing_mm in spacings_mm]
    return samples


def _sample(name: str, thin: Volume, masks: dict[str, np.ndarray], spacing_mm: float, model: Model) -> Sample:
    thick = simulate_thick(thin, SlabProfile(spacing_mm, spacing_mm))
    rungs = rungs_from(choose_device("auto", "auto"), "auto", model.configuration, OVERLAPPED)
    made = synthesize(thick, model, rungs, doubt=True)
    assert made.doubt
    dls, told = (resample_slices(volume, THIN_MM).hu for volume in (made.dls, made.doubt))
    places = places_at(THIN_MM, thick)
    bis = interpolate(thick, places).hu
    before = np.minimum(places.astype(int), len(thick.hu) - 2)
    changes = np.abs(np.diff(thick.hu.astype(np.int32), axis=0))[before]
    truth = thin.hu[: len(dls)].astype(np.int32)
    inside, *tissues = (without_outer_slices(masks[kind][: len(dls)]) for kind in (OVERALL, *TISSUES))

    def taken(values: np.ndarray) -> np.ndarray:
        return without_outer_slices(values)[inside].astype(np.float32)

    return Sample(
        name,
        spacing_mm,
        taken(told),
        taken(np.abs(dls - truth)),
        taken(np.abs(bis - truth)),
        taken(changes),
        {kind: mask[inside] for kind, mask in zip(TISSUES, tissues, strict=True)},
    )


def calibration_of(samples: Sequence[Sample]) -> Calibration:
    """The calibration that fits all samples together."""
    return calibrate(
        *(np.concatenate([getattr(sample, name) for sample in samples]) for name in ("told_hu", "error_hu"))
    )


def as_markdown(samples: Sequence[Sample]) -> str:
    """The tables of a model card: coverage where the doubt was calibrated on all volumes but the one that is measured
    (or on itself where it is the only one), and how well it ranks errors beside what an interpolation can tell."""
    kinds = (OVERALL, *TISSUES)
    claims = " | ".join(f"{share:.0%}" for share in COVERAGES)
    lines = [
        f"| volume | T = S (mm) | where | mean error / HU | expected / HU | {claims} |",
        f"| --- | ---: | --- | ---: | ---: |{' ---: |' * len(COVERAGES)}",
    ]
    for sample in samples:
        calibration = calibration_of([other for other in samples if other.volume != sample.volume] or samples)
        for kind in kinds:
            where = sample.tissues.get(kind, slice(None))
            told, error = sample.told_hu[where], sample.error_hu[where]
            covered = " | ".join(f"{coverage(error, calibration.reach(told, share)):.1%}" for share in COVERAGES)
            means = f"{error.mean():.1f} | {calibration.expected(told).mean():.1f}"
            lines.append(f"| {sample.volume} | {sample.spacing_mm:g} | {kind} | {means} | {covered} |")
    lines += [
        "",
        "| volume | T = S (mm) | squared error of the most doubtful tenth | area | BIS: tenth | BIS: area |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for sample in samples:
        own: Sparsification = sparsification(sample.told_hu, sample.error_hu)
        bis = sparsification(sample.bis_doubt_hu, sample.bis_error_hu)
        lines.append(
            f"| {sample.volume} | {sample.spacing_mm:g} | {own.without_tenth:.1%} | {own.area:.3f} | "
            f"{bis.without_tenth:.1%} | {bis.area:.3f} |"
        )
    return "\n".join(lines)


def calibrate_weights(weights: Path, validation: Path) -> str:
    """The tables for a weights file; its calibration, of all validation volumes together, is written into the file."""
    samples = samples_of(load_model(weights), validation)
    with_calibration(weights, calibration_of(samples))
    return as_markdown(samples)
