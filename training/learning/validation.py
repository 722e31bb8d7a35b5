"""Validation: how much closer to the thin slices the DLS model comes than interpolation does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.devices.device import Device
from ThinSliceSRLib.engine.evaluation.metrics import psnr, without_outer_slices
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.synthesis.memory_ladder import Rung
from ThinSliceSRLib.engine.synthesis.resampling import interpolate, places_at, resample_slices
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.synthesis.synthesize import plan_for, synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED, Tiling
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model

from ..data.real_pairs import find_pairs, read_pair
from ..data.volumes import THIN_MM, find_volumes, read_thin_volume
from ..settings import RealPairSettings


@dataclass(frozen=True)
class ValidationCase:
    """The central region of a volume: its thick slices, its true thin slices, and how near BIS comes to them (dB)."""

    name: str
    thick: Volume
    thin: np.ndarray
    bis_psnr: float


def simulated_cases(folder: Path, region: int, slabs: Sequence[tuple[float, float]]) -> list[ValidationCase]:
    """Cases of each thin volume in the folder: thick slices are boxes of these thicknesses and distances."""
    cases = []
    for path in find_volumes(folder):
        thin = read_thin_volume(path)
        thin = replace(thin, hu=central(thin.hu, region))
        for thickness, spacing in slabs:
            thick = simulate_thick(thin, SlabProfile(thickness, spacing))
            name = f"{path.name} {thickness:g}/{spacing:g}"
            cases.append(_case(name, thick, thin.hu))
    return cases


def real_cases(folder: Path, region: int, ratio: int, settings: RealPairSettings) -> list[ValidationCase]:
    """A case of each pair in the folder."""
    cases = []
    for thick_path, thin_path in find_pairs(folder):
        thick, thin = read_pair(thick_path, thin_path, ratio, settings.stored_as)
        spacing = (THIN_MM, THIN_MM, ratio * THIN_MM)
        cases.append(_case(thick_path.name, Volume(central(thick, region), spacing), central(thin, region)))
    return cases


def dls_psnr(
    case: ValidationCase, network: CTHNet, device: Device, tiling: Tiling = OVERLAPPED, slab_consistent: bool = True
) -> float:
    """PSNR in dB of what the network makes of a case, by the engine's own synthesis, on the slices of the truth."""
    model = Model("in training", network.eval(), sha256="", trained=True)
    plan = plan_for(case.thick, model, tiling)
    made = synthesize(case.thick, model, [Rung(device)], plan, slab_consistent=slab_consistent)
    return paper_psnr(resample_slices(made.dls, THIN_MM).hu, case.thin)


def paper_psnr(hu: np.ndarray, truth: np.ndarray) -> float:
    """PSNR in dB as the paper has it: without the outer 5 slices at both ends."""
    return psnr(without_outer_slices(hu), without_outer_slices(truth))


def central(hu: np.ndarray, region: int) -> np.ndarray:
    """The middle `region` rows and columns, or all where there are fewer."""
    rows, columns = (slice(max(0, (size - region) // 2), (size + region + 1) // 2) for size in hu.shape[1:])
    return np.ascontiguousarray(hu[:, rows, columns][:, :region, :region])


def _case(name: str, thick: Volume, thin: np.ndarray) -> ValidationCase:
    bis = interpolate(thick, places_at(THIN_MM, thick)).hu
    thin = thin[: len(bis)]
    return ValidationCase(name, thick, thin, paper_psnr(bis, thin))
