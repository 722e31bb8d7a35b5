"""Simulated pairs: crops of thin volumes, and the thick slices that a scanner would have made of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.random import Generator
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.network.slab_inputs import slab_inputs
from ThinSliceSRLib.engine.synthesis.bicubic import bicubic_slices
from ThinSliceSRLib.engine.synthesis.slab import along_slices
from ThinSliceSRLib.engine.volumes.slab_profile import BELL_REACH, SlabProfile
from torch import Tensor
from torch.utils.data import Dataset

from ..settings import SimulatedPairSettings
from .patient import Cut, draw_cut, log_uniform, resized, turned_by, with_other_densities
from .scanner import added_noise, as_by_another_kernel, as_of_thicker_slices
from .volumes import TrainingVolume, View

# Outside of the body lies air of about -1000 HU; lung is above this nearly everywhere.
BODY_HU = -930
BODY_SHARE = 0.3
TRIES = 8

Sample = tuple[Tensor, Tensor, Tensor]


class SimulatedPairs(Dataset):
    """Endless samples: number n is the same whenever and in whatever process it is asked for.

    A sample is (thick, thin, slab inputs): thick and thin slices in float32 scaled to [0, 1], of shapes (1, slices of
    the cube, crop, crop) and (1, thin slices, crop, crop).
    """

    def __init__(
        self,
        volumes: list[TrainingVolume],
        config: NetworkConfiguration,
        settings: SimulatedPairSettings,
        seed: int,
    ) -> None:
        self.volumes = volumes
        self.config = config
        self.settings = settings
        self.seed = seed
        weights = np.array([_weight(volume.name, settings.weights) for volume in volumes])
        self.probabilities = weights / weights.sum()

    def __getitem__(self, number: int) -> Sample:
        rng = np.random.default_rng((self.seed, number))
        profile = draw_profile(self.config.ratio * 1.0, self.settings, rng)
        view = self._draw_view(profile, rng)
        if rng.random() < self.settings.stretched_share:
            stretched = replace(view, spacing_mm=view.spacing_mm * log_uniform(self.settings.stretch, rng))
            view = stretched if stretched.shows(profile.spacing_mm / self.config.ratio) else view
        cut = draw_cut(view.hu.shape[1:], self.settings, rng)
        hu, first_mm = self._crop(view, profile, cut, rng)
        hu = turned_by(resized(hu, cut.size), cut.angle, self.settings.crop)
        if rng.random() < self.settings.other_densities_share:
            hu = with_other_densities(hu, rng)
        if rng.random() < self.settings.thicker_share:
            thin_mm = profile.spacing_mm / self.config.ratio
            hu = as_of_thicker_slices(hu, rng.uniform(0, self.settings.thicker) * thin_mm / view.spacing_mm)
        if rng.random() < self.settings.kernel_share:
            hu = as_by_another_kernel(hu, rng.uniform(*self.settings.kernel))
        noise = None
        if rng.random() < self.settings.noisy_share:
            thin_per_slab = max(1.0, profile.thickness_mm / view.spacing_mm)
            noise = added_noise(hu, rng.uniform(0, self.settings.noise_hu) * math.sqrt(thin_per_slab), rng)
        thick, thin = simulated_pair(hu, view.spacing_mm, profile, self.config, first_mm, noise)
        thick, thin = turned(thick, thin, rng)
        bell = min(max(profile.bell + rng.normal(0, self.settings.bell_error), 0.0), 1.0)  # as a run reads it
        return (
            scaled(thick, self.config),
            scaled(thin, self.config),
            slab_inputs(profile.overlap, profile.spacing_mm / cut.pixel_mm(view.pixel_mm), bell),
        )

    def _draw_view(self, profile: SlabProfile, rng: Generator) -> View:
        """A view along whose slices this profile's thin slices can be seen, of a volume that has one."""
        while True:
            volume = self.volumes[rng.choice(len(self.volumes), p=self.probabilities)]
            view = draw_view(volume, profile.spacing_mm / self.config.ratio, self.settings.in_plane_share, rng)
            if view:
                return view

    def _crop(self, view: View, profile: SlabProfile, cut: Cut, rng: Generator) -> tuple[np.ndarray, float]:
        """Thin slices somewhere in the volume, float32, of the rows and columns of `cut`, and where among them (mm) the
        first thick slice lies.

        Of some places in the body the one whose slices differ most, unless drawn otherwise: most places hold little to
        learn. Beyond its ends the volume is mirrored.
        """
        spacing = view.spacing_mm
        margin = math.ceil(max(profile.thickness_mm * BELL_REACH, profile.spacing_mm) / spacing) + 1
        slices = math.ceil(profile.spacing_mm * (self.config.cube[0] - 1) / spacing) + 2 * margin + 1
        if rng.random() >= self.settings.body_share:
            hu = _anywhere(view.hu, slices, cut, rng)
        else:
            hu = max((_in_body(view.hu, slices, cut, rng) for _ in range(self.settings.places)), key=_change)
        between = rng.uniform(0, spacing) if rng.random() < self.settings.off_centre_share else 0.0
        return hu.astype(np.float32), margin * spacing + between


def _anywhere(hu: np.ndarray, slices: int, cut: Cut, rng: Generator) -> np.ndarray:
    """So many slices of the rows and columns of `cut`, from a place drawn in a volume."""
    rows, columns = hu.shape[1:]
    k = int(rng.integers(max(1, len(hu) - slices + 1)))
    j, i = int(rng.integers(rows - cut.rows + 1)), int(rng.integers(columns - cut.columns + 1))
    return hu[mirrored(k, slices, len(hu)), j : j + cut.rows, i : i + cut.columns]


def _in_body(hu: np.ndarray, slices: int, cut: Cut, rng: Generator) -> np.ndarray:
    """As `_anywhere`, from within the body where a few tries find it."""
    for _ in range(TRIES):
        crop = _anywhere(hu, slices, cut, rng)
        if (crop[slices // 2] > BODY_HU).mean() > BODY_SHARE:
            break
    return crop


def _change(hu: np.ndarray) -> float:
    """The mean absolute change from slice to slice, in HU."""
    return float(np.abs(np.diff(hu.astype(np.float32), axis=0)).mean())


def simulated_pair(
    hu: np.ndarray,
    spacing_mm: float,
    profile: SlabProfile,
    config: NetworkConfiguration,
    first_mm: float,
    noise: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Thick and thin slices in HU, float32, of slices `spacing_mm` apart; thick slice k lies on thin slice ratio·k.

    first_mm: where the first of both lies, from the first of the given slices. noise: HU that the scanner adds to the
    given slices before it makes thick ones of them.
    Thin slices are as thick as they are apart, or as the given ones where these are further apart: then interpolated.
    """
    places = np.arange(len(hu)) * spacing_mm
    centres = first_mm + np.arange(config.cube[0]) * profile.spacing_mm
    thick = along_slices(profile.weights(places, spacing_mm, centres), hu if noise is None else hu + noise)
    thin_mm = profile.spacing_mm / config.ratio
    thin_places = first_mm + np.arange(config.thin_slices) * thin_mm
    if thin_mm > spacing_mm:
        return thick, along_slices(SlabProfile(thin_mm, thin_mm).weights(places, spacing_mm, thin_places), hu)
    return thick, bicubic_slices(hu, thin_places / spacing_mm)


def draw_view(volume: TrainingVolume, thin_mm: float, in_plane_share: float, rng: Generator) -> View | None:
    """A view that shows slices of `thin_mm`: along the volume's own slices, or, by the share or where these are not
    thin enough, along another axis. None where no view does."""
    fit = [view for view in volume.views if view.shows(thin_mm)]
    own = [view for view in fit if view.along_slices]
    others = [view for view in fit if not view.along_slices]
    in_plane = rng.random() < in_plane_share
    among = others if others and (in_plane or not own) else own
    return among[rng.integers(len(among))] if among else None


def draw_profile(usual_mm: float, settings: SimulatedPairSettings, rng: Generator) -> SlabProfile:
    """The slab profile of one sample; usual_mm: of most of them, thickness and distance."""
    usual, touching = rng.random() < settings.usual_share, rng.random() < settings.touching_share
    box, bell = rng.random() < settings.box_share, rng.uniform(0, 1)
    spacing = usual_mm if usual else log_uniform(settings.spacing_mm, rng)
    overlap = 1.0 if usual or touching else log_uniform(settings.overlap, rng)
    return SlabProfile(spacing * overlap, spacing, 0.0 if box else bell)


def turned(thick: np.ndarray, thin: np.ndarray, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Both flipped in every axis and turned in the plane, by chance."""
    axes = tuple(axis for axis in range(3) if rng.random() < 0.5)
    turns = int(rng.integers(4))
    first, second = (np.rot90(np.flip(hu, axes), turns, axes=(1, 2)) for hu in (thick, thin))
    return first, second


def mirrored(start: int, count: int, length: int) -> np.ndarray:
    """Indices from `start` on, mirrored at the last of `length`."""
    index = np.arange(start, start + count) % max(1, 2 * (length - 1))
    return np.minimum(index, 2 * (length - 1) - index)


def scaled(hu: np.ndarray, config: NetworkConfiguration) -> Tensor:
    """(slices, rows, columns) in HU → (1, slices, rows, columns), clipped and scaled to [0, 1], float32."""
    lowest, highest = config.hu_range
    values = (np.clip(hu, lowest, highest, dtype=np.float32) - lowest) / (highest - lowest)
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None]


def _weight(name: str, weights: dict[str, float]) -> float:
    return next((weight for part, weight in weights.items() if part in name), 1.0)
