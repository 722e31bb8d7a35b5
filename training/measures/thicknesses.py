"""A model over the range of thicknesses and distances of thick slices: the second table of a model card."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.evaluation.noise import homogeneous_pieces, noise_hu
from ThinSliceSRLib.engine.synthesis.memory_ladder import rungs_from
from ThinSliceSRLib.engine.synthesis.resampling import interpolate, places_at, resample_slices
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model, load_model

from ..data.volumes import THIN_MM, find_volumes, read_thin_volume
from ..learning.validation import paper_psnr

# Thickness and distance (mm): side by side, overlapping, with gaps.
SIDE_BY_SIDE = ((2.5, 2.5), (3.0, 3.0), (4.0, 4.0), (5.0, 5.0), (6.0, 6.0), (7.0, 7.0), (8.0, 8.0), (10.0, 10.0))
SLABS = (*SIDE_BY_SIDE, (5.0, 2.5), (5.0, 3.0), (5.0, 4.0), (8.0, 5.0), (5.0, 7.0))


@dataclass(frozen=True)
class Row:
    """What became of thick slices of one profile, on slices 1 mm apart; PSNR in dB as the paper has it.

    bell: share that the run read from the noise of the thick slices. slab_error_hu: mean.
    noise_ratio: of DLS in homogeneous tissue, against the thick slices' times √(thickness / 1 mm), which would be that
        of true thin slices with white noise.
    """

    volume: str
    profile: SlabProfile
    bell: float
    bis_psnr: float
    dls_psnr: float
    slab_error_hu: float
    noise_ratio: float


def thickness_rows(
    weights: Path, validation: Path, slabs: Sequence[tuple[float, float]] = SLABS, bell: float = 0.0
) -> Iterator[Row]:
    """The rows of every thin volume in the folder, brought to 1 mm, made thick with each of these profiles."""
    model = load_model(weights)
    for path in find_volumes(validation):
        thin = read_thin_volume(path)
        for thickness, spacing in slabs:
            yield _row(path.name, thin, SlabProfile(thickness, spacing, bell), model)


def _row(name: str, thin: Volume, profile: SlabProfile, model: Model) -> Row:
    thick = simulate_thick(thin, profile)
    device = choose_device("auto", "auto")
    made = synthesize(thick, model, rungs_from(device, "auto", model.configuration, OVERLAPPED))
    bis, dls = interpolate(thick, places_at(THIN_MM, thick)), resample_slices(made.dls, THIN_MM)
    truth = thin.hu[: len(dls.hu)]
    return Row(
        name,
        profile,
        made.profile.bell,
        paper_psnr(bis.hu, truth),
        paper_psnr(dls.hu, truth),
        made.slab_error.mean,
        _noise_ratio(thick, dls.hu, truth, profile),
    )


def _noise_ratio(thick: Volume, dls: np.ndarray, truth: np.ndarray, profile: SlabProfile) -> float:
    """In the middle third of the volume."""
    slices = range(len(truth) // 3, 2 * len(truth) // 3)
    pieces = homogeneous_pieces(truth, slices)
    measured = [k for k in range(len(thick.hu)) if slices.start <= k * profile.spacing_mm <= slices.stop]
    expected = noise_hu(thick.hu[measured], pieces) * math.sqrt(profile.thickness_mm / THIN_MM)
    return noise_hu(dls[slices.start : slices.stop], pieces) / expected


def as_markdown(rows: Sequence[Row]) -> str:
    """The table of a model card."""
    lines = [
        "| volume | T / S (mm) | bell read | BIS | DLS | gain | slab error / HU | noise ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.volume} | {row.profile.thickness_mm:g} / {row.profile.spacing_mm:g} | {row.bell:.2f} | "
        f"{row.bis_psnr:.2f} | {row.dls_psnr:.2f} | {row.dls_psnr - row.bis_psnr:+.2f} | {row.slab_error_hu:.2f} | "
        f"{row.noise_ratio:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)
