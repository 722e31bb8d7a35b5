"""What differs from patient to patient: how large and how dense they are, and how they lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch.nn import functional

from ..settings import SimulatedPairSettings

# HU of air, lung, soft parts, vessels with and without contrast agent; by how much at least and at most these change.
# Calcium and bone, from BONE_HU on, lie higher or lower above them by a factor.
TISSUE_HU = (-2000.0, -1000.0, -850.0, -600.0, -100.0, 50.0, 150.0)
CHANGE_HU = ((0, 0), (0, 0), (-50, 50), (-50, 50), (-30, 30), (-30, 30), (-40, 100))
BONE_HU = (400.0, 1200.0, 3500.0)
BONE_FACTOR = (math.exp(-0.3), math.exp(0.3))


@dataclass(frozen=True)
class Cut:
    """Rows and columns that become a sample: they are brought to `size` of both, and turned about their middle by
    `angle` (radians, as pixels lie), of which a square of the size of the sample is left."""

    rows: int
    columns: int
    size: int
    angle: float

    def pixel_mm(self, pixel_mm: float) -> float:
        """The size of a sample's pixel, of slices whose pixels have this size; the geometric mean of its sides."""
        return pixel_mm * math.sqrt(self.rows * self.columns) / self.size


def draw_cut(available: tuple[int, ...], settings: SimulatedPairSettings, rng: Generator) -> Cut:
    """A cut of fewer rows and columns than the sample has where it is to be enlarged, else of more; of as many of both
    less as makes it fit into so many that there are."""
    degrees = rng.uniform(-1, 1) * settings.turn_degrees if rng.random() < settings.turned_share else 0.0
    angle = math.radians(degrees)
    # Corners lie outside of what was turned; the kernel of the interpolation reaches two pixels further.
    size = math.ceil(settings.crop * (abs(math.cos(angle)) + abs(math.sin(angle)))) + 4 if angle else settings.crop
    zoom = aspect = 1.0
    if rng.random() < settings.zoomed_share:
        zoom, aspect = log_uniform(settings.zoom, rng), math.sqrt(log_uniform(settings.aspect, rng))
    wanted = size / zoom * aspect, size / zoom / aspect
    fit = min(1.0, *(most / part for most, part in zip(available, wanted, strict=True)))
    rows, columns = (round(part * fit) for part in wanted)
    return Cut(rows, columns, size, angle)


def resized(hu: np.ndarray, size: int) -> np.ndarray:
    """Slices enlarged or made smaller to so many rows and columns, float32."""
    if hu.shape[1:] == (size, size):
        return hu
    return functional.interpolate(_as_image(hu), (size, size), mode="bicubic", antialias=True)[0].numpy()


def turned_by(hu: np.ndarray, angle: float, size: int) -> np.ndarray:
    """Slices turned about their middle by an angle (radians), of which so many rows and columns are left, float32."""
    if not angle:
        return hu
    places = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
    y, x = torch.meshgrid(places, places, indexing="ij")
    rows, columns = hu.shape[1:]
    cos, sin = math.cos(angle), math.sin(angle)
    grid = torch.stack(((cos * x - sin * y) * 2 / (columns - 1), (sin * x + cos * y) * 2 / (rows - 1)), dim=-1)
    turned = functional.grid_sample(
        _as_image(hu), grid[None], mode="bicubic", padding_mode="border", align_corners=True
    )
    return turned[0].numpy()


def with_other_densities(hu: np.ndarray, rng: Generator) -> np.ndarray:
    """Slices whose tissues are denser or less dense, as those of another patient, float32; what is denser stays so."""
    bone = log_uniform(BONE_FACTOR, rng)
    tissue = [known + rng.uniform(*change) for known, change in zip(TISSUE_HU, CHANGE_HU, strict=True)]
    denser = [tissue[-1] + bone * (known - TISSUE_HU[-1]) for known in BONE_HU]
    other = np.maximum.accumulate([*tissue, *denser])
    return np.interp(hu, (*TISSUE_HU, *BONE_HU), other).astype(np.float32)


def log_uniform(bounds: tuple[float, float], rng: Generator) -> float:
    """A number between these, small ratios being as likely everywhere."""
    return math.exp(rng.uniform(*np.log(bounds)))


def _as_image(hu: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(hu, dtype=np.float32))[None]
