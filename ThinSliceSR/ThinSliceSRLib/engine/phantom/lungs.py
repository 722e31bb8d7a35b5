"""The phantom's lungs: their shape, lobes and fissures, and the airways and vessels that fill them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .abdomen import diaphragm_distance
from .branches import Branches, grow
from .mediastinum import mediastinum_distance
from .shapes import smooth_maximum
from .thorax import PLEURA_DEPTH, CageFrame, cage_frame, rib_height

LUNG_BOX = ((-125.0, 125.0), (-75.0, 90.0), (-110.0, 125.0))
POINTS_PER_MM3 = 1 / 115
AIRWAY_UNIT_MM, ARTERY_UNIT_MM, VEIN_UNIT_MM = 0.22, 0.31, 0.28
SMALLEST_AIRWAY_MM = 0.85
TRACHEA = Branches(
    start=np.array([(-1, 4, 130), (-2, 8, 60), (-3, 14, 18), (-3, 14, 18)], float),
    end=np.array([(-2, 8, 60), (-3, 14, 18), (-26, 16, 0), (28, 18, -5)], float),
    start_radius=np.array([8.5, 8.5, 7.2, 6.6]),
    end_radius=np.array([8.5, 8.3, 6.6, 5.8]),
)


@dataclass(frozen=True)
class Lobe:
    """Where a lobe's airway, artery and vein begin, in mm."""

    airway: tuple[tuple[float, float, float], ...]
    artery: tuple[float, float, float]
    vein: tuple[float, float, float]


LOBES = {
    "right upper": Lobe(((-26, 16, 0), (-43, 12, 8)), (-38, -2, 4), (-48, -11, -11)),
    "right middle": Lobe(((-26, 16, 0), (-38, 15, -20), (-52, -2, -28)), (-49, 8, -14), (-48, -11, -11)),
    "right lower": Lobe(((-26, 16, 0), (-38, 15, -20), (-46, 24, -38)), (-50, 15, -28), (-48, 25, -48)),
    "left upper": Lobe(((28, 18, -5), (40, 15, -9), (52, 2, -3)), (45, 10, 8), (50, -12, -8)),
    "left lower": Lobe(((28, 18, -5), (40, 17, -12), (47, 28, -30)), (51, 24, -22), (50, 27, -48)),
}


@dataclass(frozen=True)
class LungTrees:
    """What branches through the lungs; of airways, the lumen.

    trunks: the trachea and the bronchi as far as the lobes, which lie in the mediastinum in part.
    """

    trunks: Branches
    airways: Branches
    vessels: Branches


def lung_distance(x: np.ndarray, y: np.ndarray, z: float | np.ndarray) -> np.ndarray:
    """Distance from the surface of the lungs: within the rib cage, above the diaphragm, beside the mediastinum."""
    return lungs_between(cage_frame(x, y, z), diaphragm_distance(x, y, z), mediastinum_distance(x, y, z), z)


def lungs_between(
    frame: CageFrame, diaphragm: np.ndarray, mediastinum: np.ndarray, z: float | np.ndarray
) -> np.ndarray:
    """`lung_distance` at places whose frame and distances from diaphragm and mediastinum are known."""
    between_ribs = np.clip((np.abs(rib_height(frame.around, z)) - 5) / 4, 0, 1)
    wall = frame.outward + PLEURA_DEPTH - 1.2 * between_ribs
    pleura = smooth_maximum(wall, diaphragm, 4.0)
    return smooth_maximum(pleura, -mediastinum, 5.0)


def fissure_distances(x: np.ndarray, y: np.ndarray, z: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances from the major (oblique) fissures and the minor (horizontal) one; negative below.

    The minor fissure is the right lung's alone; elsewhere its distance is large.
    """
    outer = np.abs(x) - 70
    right = -8 + 0.84 * y - 0.0022 * y * y - 0.0035 * outer * outer
    left = -2 + 0.92 * y - 0.0020 * y * y - 0.0035 * outer * outer
    major = (z - np.where(x < 0, right, left)) * 0.74
    minor = (z - (-4 - 0.0040 * (y + 15) ** 2 - 0.0025 * (x + 75) ** 2)) * 0.95
    return major, np.where((x < 0) & (major > 0), minor, 1e3)


def lobe_of(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The name of the lobe at each place, for places in the lungs."""
    major, minor = fissure_distances(x, y, z)
    right = np.where(major < 0, "right lower", np.where(minor < 0, "right middle", "right upper"))
    return np.where(x < 0, right, np.where(major < 0, "left lower", "left upper"))


def places_in_lungs(
    random: np.random.Generator, count: int, from_pleura_mm: float, from_fissure_mm: float
) -> np.ndarray:
    """Random places (n, 3) in the lungs, this far from their surface and fissures, out of `count` in a box."""
    low, high = np.array(LUNG_BOX).T
    places = random.uniform(low, high, (count, 3))
    x, y, z = places.T
    fissure = np.minimum.reduce([np.abs(distance) for distance in fissure_distances(x, y, z)])
    return places[(lung_distance(x, y, z) < -from_pleura_mm) & (fissure > from_fissure_mm)]


def lung_trees(seed: int) -> LungTrees:
    """The airways and the vessels of both lungs, grown lobe by lobe; an artery runs beside each airway, veins apart."""
    random = np.random.default_rng([seed, 1])
    volume = np.prod([high - low for low, high in LUNG_BOX])
    places = places_in_lungs(random, int(volume * POINTS_PER_MM3), 2.5, 3.5)
    lobes = lobe_of(*places.T)
    trunks, airways, vessels = [TRACHEA], [], []
    for name, lobe in LOBES.items():
        points = places[lobes == name]
        path = np.array(lobe.airway, float)
        tree = grow(points, path[-1], path[-1] - path[-2], random)
        lumen = tree.branches(AIRWAY_UNIT_MM)
        trunks.append(_along(path, tree.radii(AIRWAY_UNIT_MM)[0]))
        airways.append(lumen.where(lumen.end_radius > SMALLEST_AIRWAY_MM))
        touching = 1.05 * tree.radii(AIRWAY_UNIT_MM + ARTERY_UNIT_MM)
        vessels.append(tree.beside(lobe.artery, random.normal(size=3), touching).branches(ARTERY_UNIT_MM))
        veins = grow(points + random.normal(0, 4, points.shape), lobe.vein, points.mean(axis=0) - lobe.vein, random)
        vessels.append(veins.branches(VEIN_UNIT_MM))
    return LungTrees(*(Branches.joined(parts) for parts in (trunks, airways, vessels)))


def _along(path: np.ndarray, end_radius: float) -> Branches:
    radius = end_radius * np.linspace(1.2, 1, len(path))
    return Branches(path[:-1], path[1:], radius[:-1], radius[1:])
