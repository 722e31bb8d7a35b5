"""Shapes that the chest phantom is made of, as signed distances in mm, and how they cover voxels.

Distances are negative inside. Coordinates are arrays that broadcast (a plane: x as a row, y as a column, z a number;
or lists of points), in mm. Distances need to be right within NEAR_MM of the surface only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

NEAR_MM = 16.0


def share_inside(distance: np.ndarray, blur_mm: float) -> np.ndarray:
    """The part, 0 to 1, of a voxel at `distance` from a surface that lies inside; the edge is `blur_mm` wide."""
    return np.clip(0.5 - distance / blur_mm, 0, 1)


def sheet_coverage(distance: np.ndarray, thickness_mm: float, blur_mm: float) -> np.ndarray:
    """The part of a voxel that a sheet thinner than the edge fills, at `distance` from its middle."""
    return thickness_mm / blur_mm * np.clip(1 - np.abs(distance) / blur_mm, 0, None)


def paint(hu: np.ndarray, value: float | np.ndarray, cover: np.ndarray) -> None:
    """Puts a tissue of HU `value` over `hu`, in place, where and as far as it covers the voxels."""
    hu += (value - hu) * cover


def smooth_minimum(a: np.ndarray, b: np.ndarray, reach_mm: float) -> np.ndarray:
    """The union of two distances with a fillet where both are within `reach_mm` of each other (a quadratic one)."""
    near = np.clip(reach_mm - np.abs(a - b), 0, None)
    return np.minimum(a, b) - near * near / (4 * reach_mm)


def smooth_maximum(a: np.ndarray, b: np.ndarray, reach_mm: float) -> np.ndarray:
    """The intersection of two distances with a rounded edge."""
    return -smooth_minimum(-a, -b, reach_mm)


def bump(place: np.ndarray, centre: float, half_width: float) -> np.ndarray:
    """A smooth bump of height 1 at `centre` that ends at `half_width` to both sides."""
    return np.clip(1 - ((place - centre) / half_width) ** 2, 0, None) ** 2


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; its first axis points along `pointing`, its second lies level (in the axial plane)."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    pointing: tuple[float, float, float] = (1.0, 0.0, 0.0)

    @property
    def axes(self) -> np.ndarray:
        """The unit vectors of the axes, one per row."""
        first = np.array(self.pointing) / np.linalg.norm(self.pointing)
        second = np.cross((0.0, 0.0, 1.0), first)
        second /= np.linalg.norm(second)
        return np.stack((first, second, np.cross(first, second)))

    def reaches(self, z: float) -> bool:
        """Whether the shape comes near the level z."""
        return abs(z - self.centre[2]) < max(self.radii) + NEAR_MM

    def distance(self, x: np.ndarray, y: np.ndarray, z: float | np.ndarray) -> np.ndarray:
        """First-order distance: the implicit function over the length of its gradient."""
        offset = (x - self.centre[0], y - self.centre[1], z - self.centre[2])
        value = gradient = 0.0
        for axis, radius in zip(self.axes, self.radii, strict=True):
            towards = (axis / radius).tolist()
            along = (towards[0] * offset[0] + towards[2] * offset[2]) + towards[1] * offset[1]
            value = value + along**2
            gradient = gradient + (along / radius) ** 2
        return np.sqrt(value) * (np.sqrt(value) - 1) / np.sqrt(gradient + 1e-12)


@dataclass(frozen=True)
class Tube:
    """A round tube through points (x, y, z, radius); the radius changes evenly between them."""

    points: Sequence[tuple[float, float, float, float]]

    def reaches(self, z: float) -> bool:
        """Whether the tube comes near the level z."""
        return any(_comes_near(a, b, z) for a, b in pairwise(self.points))

    def distance(self, x: np.ndarray, y: np.ndarray, z: float | np.ndarray) -> np.ndarray:
        """Distance to the nearest stretch; on a level z, of the stretches that come near it."""
        nearest = np.full(np.broadcast_shapes(np.shape(x), np.shape(y)), np.inf, np.float32)
        for a, b in pairwise(self.points):
            if np.ndim(z) == 0 and not _comes_near(a, b, float(z)):
                continue
            dx, dy, dz = (b[n] - a[n] for n in range(3))
            length_squared = dx * dx + dy * dy + dz * dz
            px, py, pz = x - a[0], y - a[1], z - a[2]
            along = (px * dx + pz * dz) + py * dy
            share = np.clip(along / length_squared, 0, 1)
            squared = (px * px + pz * pz) + py * py - share * (2 * along - share * length_squared)
            distance = np.sqrt(np.maximum(squared, 0)) - (a[3] + (b[3] - a[3]) * share)
            nearest = np.minimum(nearest, distance)
        return nearest


def _comes_near(a: Sequence[float], b: Sequence[float], z: float) -> bool:
    return min(a[2] - a[3], b[2] - b[3]) - NEAR_MM < z < max(a[2] + a[3], b[2] + b[3]) + NEAR_MM


class Texture:
    """A random field of mean 0 and variance 1, the same at a place whatever the grid: waves of random directions.

    wavelength_mm: typical size of its features.
    """

    def __init__(self, seed: Sequence[int], wavelength_mm: float, waves: int = 64) -> None:
        random = np.random.default_rng(seed)
        direction = random.normal(size=(waves, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        length = wavelength_mm * np.exp(random.normal(0, 0.35, (waves, 1)))
        self._vectors = (2 * np.pi * direction / length).astype(np.float32)
        self._phases = random.uniform(0, 2 * np.pi, waves).astype(np.float32)

    def on_plane(self, x: np.ndarray, y: np.ndarray, z: float) -> np.ndarray:
        """Its values (rows, columns) at the level z, for columns at x and rows at y."""
        kx, ky, kz = self._vectors.T
        across = np.outer(kx, x)
        down = np.outer(y, ky) + (kz * np.float32(z) + self._phases)
        # cos(a + b) = cos a cos b - sin a sin b turns the sum over waves into one matrix product.
        waves = np.hstack((np.cos(down), -np.sin(down))) @ np.vstack((np.cos(across), np.sin(across)))
        return waves * np.float32(np.sqrt(2 / len(kx)))
