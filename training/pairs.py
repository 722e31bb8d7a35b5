"""Simulated pairs: crops of thin volumes, and the thick slices that a scanner would have made of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.synthesis.slab import along_slices
from torch import Tensor
from torch.utils.data import Dataset

from .settings import SimulatedPairSettings
from .slab_profile import SlabProfile, slice_weights
from .volumes import TrainingVolume, View

# Thin slices before the first and behind the last of a sample that its outer slabs reach.
MARGIN = 5
# Outside of the body lies air of about -1000 HU; lung is above this nearly everywhere.
BODY_HU = -930
BODY_SHARE = 0.3
TRIES = 8


def cube_slices(config: NetworkConfiguration) -> int:
    """Thin slices that a sample is cut from."""
    return config.thin_slices + 2 * MARGIN


class SimulatedPairs(Dataset):
    """Endless samples: number n is the same whenever and in whatever process it is asked for.

    A sample is (thick, thin), float32 scaled to [0, 1], of shapes (1, slices of the cube, crop, crop) and
    (1, thin slices, crop, crop).
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

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self.seed, number))
        volume = self.volumes[rng.choice(len(self.volumes), p=self.probabilities)]
        hu = turned(self._crop(draw_view(volume, self.settings.in_plane_share, rng).hu, rng), rng)
        if rng.random() < self.settings.overlapping_share:
            hu = smoothed_along_slices(hu, rng.uniform(0, 0.25))
        thick, thin = simulated_pair(hu, draw_profile(self.config.ratio, self.settings, rng), self.config)
        if rng.random() < self.settings.noisy_share:
            thick += rng.standard_normal(thick.shape, np.float32) * rng.uniform(0, self.settings.noise_hu)
        return scaled(thick, self.config), scaled(thin, self.config)

    def _crop(self, hu: np.ndarray, rng: Generator) -> np.ndarray:
        """Somewhere in the volume; in the body unless drawn otherwise, or not found there in a few tries."""
        size = (cube_slices(self.config), self.settings.crop, self.settings.crop)
        anywhere = rng.random() >= self.settings.body_share
        for _ in range(TRIES):
            place = [rng.integers(whole - part + 1) for whole, part in zip(hu.shape, size, strict=True)]
            crop = hu[tuple(slice(start, start + part) for start, part in zip(place, size, strict=True))]
            if anywhere or (crop[len(crop) // 2] > BODY_HU).mean() > BODY_SHARE:
                break
        return crop


def simulated_pair(hu: np.ndarray, profile: SlabProfile, config: NetworkConfiguration) -> tuple[np.ndarray, np.ndarray]:
    """Thick and thin slices in HU, float32, of a crop with MARGIN thin slices more at both ends.

    Thick slice k has its centre of gravity on thin slice ratio·k, whatever the profile: where the slab is centred
    between two slices of the crop, the thin slices are interpolated there.
    """
    centres = MARGIN + np.arange(config.cube[0]) * config.ratio
    weights = profile.weights(len(hu), centres)
    places = MARGIN + np.arange(config.thin_slices, dtype=float)
    thin = hu[MARGIN : MARGIN + config.thin_slices].astype(np.float32)
    if profile.offset_mm:
        places += weights[0] @ np.arange(len(hu)) - centres[0]
        thin = along_slices(slice_weights(len(hu), places), hu)
    return along_slices(weights, hu), thin


def draw_view(volume: TrainingVolume, in_plane_share: float, rng: Generator) -> View:
    """A view along the volume's own slices, or, by the share or where these are not thin, along another axis."""
    own = [view for view in volume.views if view.along_slices]
    others = [view for view in volume.views if not view.along_slices]
    in_plane = rng.random() < in_plane_share
    among = others if others and (in_plane or not own) else own
    return among[rng.integers(len(among))]


def draw_profile(ratio: int, settings: SimulatedPairSettings, rng: Generator) -> SlabProfile:
    """The slab profile of one sample."""
    exact = rng.random() < settings.exact_share
    width, gaussian = rng.uniform(*settings.slab_mm), rng.uniform(0, 1)
    off_centre, offset = rng.random() < settings.off_centre_share, rng.uniform(-0.5, 0.5)
    return SlabProfile(
        width_mm=float(ratio) if exact else width,
        gaussian=0.0 if exact else gaussian,
        offset_mm=offset if off_centre else 0.0,
    )


def turned(hu: np.ndarray, rng: Generator) -> np.ndarray:
    """Flipped in every axis and turned in the plane, by chance."""
    for axis in range(3):
        if rng.random() < 0.5:
            hu = np.flip(hu, axis)
    return np.rot90(hu, int(rng.integers(4)), axes=(1, 2))


def smoothed_along_slices(hu: np.ndarray, share: float) -> np.ndarray:
    """Each slice gives `share` of itself to both neighbours; float32."""
    hu = hu.astype(np.float32)
    neighbours = hu[np.r_[0, : len(hu) - 1]] + hu[np.r_[1 : len(hu), len(hu) - 1]]
    return (1 - 2 * share) * hu + share * neighbours


def scaled(hu: np.ndarray, config: NetworkConfiguration) -> Tensor:
    """(slices, rows, columns) in HU → (1, slices, rows, columns), clipped and scaled to [0, 1], float32."""
    lowest, highest = config.hu_range
    values = (np.clip(hu, lowest, highest, dtype=np.float32) - lowest) / (highest - lowest)
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None]


def _weight(name: str, weights: dict[str, float]) -> float:
    return next((weight for part, weight in weights.items() if part in name), 1.0)
