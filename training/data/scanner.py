"""What differs from scanner to scanner: how thick thin slices are, how sharp the kernel is, and noise."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.ndimage import gaussian_filter, uniform_filter

KERNEL_VOXELS = 0.8  # what kernels differ by is finer than this
NOISE_VOXELS = (0.3, 0.9)  # grains of noise: of a sharp and of a soft kernel
NOISE_REACH = 33  # voxels over which tissue adds to the noise


def as_of_thicker_slices(hu: np.ndarray, wider: float) -> np.ndarray:
    """(slices, rows, columns), float32, as of slices whose profile is wider by a Gaussian of this standard deviation,
    counted in slices: many scanners' thin slices are thicker than they are apart."""
    return gaussian_filter(hu, (wider, 0, 0))


def as_by_another_kernel(hu: np.ndarray, sharper: float) -> np.ndarray:
    """(slices, rows, columns), float32: softer in the plane for numbers from -1 to 0, sharper above 0."""
    return hu + np.float32(sharper) * (hu - gaussian_filter(hu, (0, KERNEL_VOXELS, KERNEL_VOXELS)))


def added_noise(hu: np.ndarray, most_hu: float, rng: Generator) -> np.ndarray:
    """Noise for these slices, float32: each slice its own, grainy, and up to `most_hu` (standard deviation) where rays
    pass much tissue, half of that in air."""
    grain = rng.uniform(*NOISE_VOXELS)
    noise = gaussian_filter(rng.standard_normal(hu.shape, np.float32), (0, grain, grain))
    density = np.clip(hu.mean(axis=0) / 1000 + 1, 0, 1)
    return noise * (most_hu / noise.std() * (0.5 + 0.5 * uniform_filter(density, NOISE_REACH))).astype(np.float32)
