"""A chest phantom of our own: the CT volume of a chest whose every structure is known, at any spacing.

The anatomy is defined in mm (phantom_*.py), so every grid samples the same chest. It belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..volumes.volume import Volume
from .abdomen import diaphragm_distance, paint_abdomen
from .branches import branch_coverage
from .lungs import fissure_distances, lobe_of, lung_trees, lungs_between, places_in_lungs
from .mediastinum import mediastinum_distance, paint_mediastinum
from .noise import ct_noise
from .shapes import Texture, paint, share_inside, sheet_coverage
from .thorax import (
    PLEURA_DEPTH,
    cage_frame,
    paint_chest_wall,
    paint_couch,
    paint_rib_cage,
    paint_spine,
)
from .tissues import AIR, BLOOD, BRONCHIAL_WALL, FISSURE, PARENCHYMA

NoduleKind = Literal["solid", "subsolid", "calcified"]

NODULE_HU: dict[NoduleKind, float] = {"solid": 40.0, "subsolid": -580.0, "calcified": 550.0}
NODULES: tuple[tuple[NoduleKind, float], ...] = (
    ("solid", 9.0),
    ("solid", 6.0),
    ("solid", 4.0),
    ("subsolid", 15.0),
    ("subsolid", 9.0),
    ("calcified", 5.0),
)
NODULE_LEVELS_MM = (-55.0, 35.0)
CENTRE_MM = (0.0, 8.0, -15.0)
DRAWING_STEP_MM = (1.25, 1.25, 1.0)
RESOLUTION_MM = 1.2
SLICES_AT_ONCE = 16


@dataclass(frozen=True)
class Nodule:
    """A round nodule of the phantom: its kind, its centre (x, y, z; LPS) and its diameter, in mm."""

    kind: NoduleKind
    centre_mm: tuple[float, float, float]
    diameter_mm: float


def phantom_nodules(seed: int = 0) -> tuple[Nodule, ...]:
    """The nodules of the phantom with this seed: three solid, two subsolid and one calcified, spread over the lobes.

    Their centres lie between the levels −55 and 35 mm, which the default volume holds, 25 mm or more apart, and their
    surfaces 4 mm or more from pleura and fissures.
    """
    random = np.random.default_rng([seed, 2])
    places = places_in_lungs(random, 20000, 14.0, 12.0)
    low, high = NODULE_LEVELS_MM
    places = places[(places[:, 2] > low) & (places[:, 2] < high)]
    nodules: list[Nodule] = []
    for kind, diameter in NODULES:
        lobes = lobe_of(*places.T)
        taken = [str(lobe_of(*np.array(nodule.centre_mm))) for nodule in nodules]
        burden = np.array([taken.count(lobe) for lobe in lobes])
        place = places[np.argmax(burden == burden.min())]
        nodules.append(Nodule(kind, tuple(place.round(1).tolist()), diameter))
        places = places[np.linalg.norm(places - place, axis=1) > 25]
    return tuple(nodules)


def chest_phantom(
    spacing_mm: tuple[float, float, float] = (1.25, 1.25, 1.0),
    size: tuple[int, int, int] = (256, 256, 131),
    seed: int = 0,
    noise_hu: float = 25.0,
    centre_mm: tuple[float, float, float] = CENTRE_MM,
    on_slices: Callable[[int], None] = lambda _: None,
) -> Volume:
    """A CT volume of the phantom, int16 HU, axial slices from foot to head, in patient coordinates LPS.

    spacing_mm, size: along x, y, z. A slice is as thick as the slices are apart; a voxel is the mean over its extent,
        drawn in steps of about 1.25 × 1.25 × 1 mm or finer.
    seed: of the branching of airways and vessels, the places of nodules, the textures and the noise.
    noise_hu: standard deviation of the noise of 1 mm slices; 0 leaves it out. Thicker slices have less (`ct_noise`).
    centre_mm: the middle of the volume; by default that of the chest. The lungs reach from z = −110 to 125 mm, and the
        anatomy is drawn for z from −140 to 125 mm.
    on_slices: is told again and again how many slices are drawn.
    """
    axes = [
        centre + (np.arange(count) - (count - 1) / 2) * step
        for centre, count, step in zip(centre_mm, size, spacing_mm, strict=True)
    ]
    parts = [max(1, round(step / finest)) for step, finest in zip(spacing_mm, DRAWING_STEP_MM, strict=True)]
    fine_step = [step / count for step, count in zip(spacing_mm, parts, strict=True)]
    x, y, z = (_subdivided(axis, count, step) for axis, count, step in zip(axes, parts, fine_step, strict=True))
    anatomy = _Anatomy(seed, blur_mm=float(np.sqrt(RESOLUTION_MM**2 + np.mean(np.square(fine_step)))))
    noise = ct_noise(seed, len(z), (size[1], size[0]), (*spacing_mm[:2], fine_step[2]), noise_hu) if noise_hu else None

    hu = np.empty(size[::-1], np.int16)
    for first in range(0, size[2], SLICES_AT_ONCE):
        last = min(first + SLICES_AT_ONCE, size[2])
        fine = anatomy.hu(x, y, z[first * parts[2] : last * parts[2]])
        slices = fine.reshape(-1, size[1], parts[1], size[0], parts[0]).mean(axis=(2, 4))
        if noise is not None:
            for plane in slices:
                plane += next(noise)
        slices = slices.reshape(last - first, parts[2], size[1], size[0]).mean(axis=1)
        hu[first:last] = np.rint(np.clip(slices, -1024, 3071))
        on_slices(last)
    first_x, first_y, first_z = (float(axis[0]) for axis in axes)
    return Volume(hu, spacing_mm, (first_x, first_y, first_z))


def _subdivided(axis: np.ndarray, parts: int, step: float) -> np.ndarray:
    """Middles of the `parts` pieces of width `step` that each voxel along an axis is divided into."""
    offsets = (np.arange(parts) - (parts - 1) / 2) * step
    return (axis[:, None] + offsets).ravel().astype(np.float32)


class _Anatomy:
    """The phantom without noise, as a function of place."""

    def __init__(self, seed: int, blur_mm: float) -> None:
        self.blur = blur_mm
        self.trees = lung_trees(seed)
        self.nodules = phantom_nodules(seed)
        self.fine_grain = Texture([seed, 3], 7.0)
        self.coarse_grain = Texture([seed, 4], 32.0)

    def hu(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """HU (k, j, i), float32, of the points x[i], y[j], z[k]."""
        planes = [self._tissues(x, y, float(level)) for level in z]
        hu, lungs, hila = (np.stack(arrays) for arrays in zip(*planes, strict=True))
        paint(hu, BLOOD, hila * branch_coverage(self.trees.vessels, x, y, z, self.blur))
        for airways, where in ((self.trees.airways, lungs), (self.trees.trunks, 1.0)):
            paint(hu, BRONCHIAL_WALL, where * branch_coverage(airways.thicker(1.2, 0.2), x, y, z, self.blur))
            paint(hu, AIR, where * branch_coverage(airways, x, y, z, self.blur))
        for nodule in self.nodules:
            self._add_nodule(hu, nodule, x, y, z)
        return hu

    def _tissues(self, x: np.ndarray, y: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One plane without branches and nodules, and the parts (0 to 1) of lungs, and of lungs with the fat around."""
        grain, coarse = self.fine_grain.on_plane(x, y, z), self.coarse_grain.on_plane(x, y, z)
        across, down, blur = x[None, :], y[:, None], self.blur
        frame = cage_frame(across, down, z)
        hu = np.full((len(y), len(x)), AIR, np.float32)
        paint_couch(hu, across, down, blur)
        paint_chest_wall(hu, down, z, frame, grain, coarse, blur)

        within_cage = share_inside(frame.outward + PLEURA_DEPTH - 1, blur)
        mediastinum = mediastinum_distance(across, down, z)
        diaphragm = diaphragm_distance(across, down, z)
        paint_abdomen(hu, across, down, z, within_cage * share_inside(-diaphragm, blur), grain, blur)
        paint_mediastinum(hu, across, down, z, within_cage * share_inside(mediastinum, blur), grain, blur)
        paint_spine(hu, across, down, z, grain, blur)
        paint_rib_cage(hu, across, z, frame, grain, blur)

        distance = lungs_between(frame, diaphragm, mediastinum, z)
        lungs = share_inside(distance, blur)
        # Blood and fluid sink to the back of a lung in a patient who lies on it.
        paint(hu, PARENCHYMA + 0.45 * down + 9 * grain + 9 * coarse, lungs)
        for fissure in fissure_distances(across, down, z):
            line = sheet_coverage(fissure + 0.8 * coarse, 0.35, blur)
            paint(hu, FISSURE, lungs * line)
        return hu, lungs, share_inside(distance - 2.0, 2 * blur)

    def _add_nodule(self, hu: np.ndarray, nodule: Nodule, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        reach = nodule.diameter_mm / 2 + self.blur
        box = tuple(
            slice(*np.searchsorted(axis, (centre - reach, centre + reach)))
            for axis, centre in zip((z, y, x), reversed(nodule.centre_mm), strict=True)
        )
        dz, dy, dx = (axis[part] - c for axis, part, c in zip((z, y, x), box, reversed(nodule.centre_mm), strict=True))
        radius = np.sqrt(dz[:, None, None] ** 2 + dy[:, None] ** 2 + dx**2)
        cover = share_inside(radius - nodule.diameter_mm / 2, self.blur)
        # Vessels stay visible in a subsolid nodule.
        hu[box] += cover * np.clip(NODULE_HU[nodule.kind] - hu[box], 0, None)
