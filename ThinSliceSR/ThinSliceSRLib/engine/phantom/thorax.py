"""The phantom's chest wall: rib cage, spine, breastbone, shoulder blades, muscles, fat, skin, and the couch below.

Patient coordinates in mm: x to the left, y to the back, z to the head. z = 0 lies below the carina.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .shapes import bump, paint, share_inside, sheet_coverage, smooth_maximum, smooth_minimum
from .tissues import (
    CARTILAGE,
    CORD,
    CORTICAL_BONE,
    COUCH,
    DISC,
    FAT,
    FLUID,
    MARROW,
    MUSCLE,
    SKIN,
)

VERTEBRA_PITCH = 24.0
RIB_HALF_THICKNESS, RIB_HALF_HEIGHT = 3.6, 6.3
RIB_DROP = 84.0
CARTILAGE_PART = 0.17
PLEURA_DEPTH = 5.5


@dataclass(frozen=True)
class CageFrame:
    """Places relative to the middle surface of the rib cage.

    outward: distance from that surface in mm, in the axial plane; negative inside.
    around: 0 at the breastbone, 1 at the spine, the same on both sides.
    """

    outward: np.ndarray
    around: np.ndarray


def cage_frame(x: np.ndarray, y: np.ndarray, z: float | np.ndarray) -> CageFrame:
    """The frame at points: a superellipse (exponent 2.25) in each plane, narrower and further back towards the apex."""
    height = np.clip((z + 35) / 165, 0, 0.98)
    narrowing = (1 - height * height * np.sqrt(height)) ** 0.42
    widening = 1 + 0.04 * np.clip(-(z + 35) / 60, 0, 1)
    half_width, half_depth = 121 * narrowing * widening, 82 * (0.35 + 0.65 * narrowing)
    middle = spine_middle(z) + 22 - half_depth
    across, along = np.abs(x) / half_width, np.abs(y - middle) / half_depth
    value = (across**2.25 + along**2.25 + 1e-9) ** (1 / 2.25)
    slope = np.hypot((across / value) ** 1.25 / half_width, (along / value) ** 1.25 / half_depth)
    around = np.arctan2(np.abs(x) / half_width, (middle - y) / half_depth) / np.pi
    return CageFrame((value - 1) / slope, around)


def spine_middle(z: float | np.ndarray) -> float | np.ndarray:
    """y of the middle of the vertebral bodies: the curve of the thoracic spine."""
    return 61 - 0.0011 * (z + 10) ** 2


def in_period(z: np.ndarray) -> np.ndarray:
    """Height above the middle of the nearest vertebra, −12 to 12 mm."""
    return (z + VERTEBRA_PITCH / 2) % VERTEBRA_PITCH - VERTEBRA_PITCH / 2


def wall_thickness(around: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Thickness in mm of the muscles outside the rib cage, and of the muscles with the fat and the skin."""
    upper = float(np.clip((z + 45) / 50, 0, 1))
    muscles = (
        6
        + 3 * bump(around, 0.05, 0.1)
        + 11 * upper * bump(around, 0.24, 0.2)
        + 7 * bump(around, 0.5, 0.14)
        + (7 + 15 * upper) * bump(around, 0.7, 0.2)
        + 17 * bump(around, 0.93, 0.17)
    )
    fat = 9 + 5 * bump(around, 0.22, 0.2) + 6 * bump(around, 0.52, 0.3) + 3 * (1 - upper)
    return muscles, muscles + fat


def paint_chest_wall(
    hu: np.ndarray, y: np.ndarray, z: float, frame: CageFrame, grain: np.ndarray, coarse: np.ndarray, blur: float
) -> None:
    """Body outline, skin, fat and muscles, without bones. grain, coarse: fine and coarse texture on the plane."""
    muscles, wall = wall_thickness(frame.around, z)
    to_skin = smooth_maximum(frame.outward - wall, y - 118, 20.0)
    paint(hu, SKIN, share_inside(to_skin, blur))
    paint(hu, FAT + 5 * grain, share_inside(to_skin + 1.6, blur))
    outer = frame.outward - muscles - 1.2 * coarse
    paint(hu, MUSCLE + 6 * grain, share_inside(outer, blur))
    # Fat between the layers of muscle: outside the ribs, and half-way out where the muscles are thick.
    thick = np.clip((muscles - 9) / 6, 0, 1)
    paint(hu, FAT, thick * sheet_coverage(frame.outward - 6 - 1.2 * coarse, 1.3, blur))
    paint(hu, FAT, thick * sheet_coverage(frame.outward - 0.58 * muscles - 1.5 * coarse, 1.0, blur))
    paint(hu, FAT, share_inside(frame.outward + 4.2, blur))


def paint_couch(hu: np.ndarray, x: np.ndarray, y: np.ndarray, blur: float) -> None:
    """The couch that the patient lies on: a foam core between two thin shells of carbon fibre."""
    top = y - (119 - 0.0011 * x * x)
    bottom = y - (135 - 0.0022 * x * x)
    paint(hu, -960.0, share_inside(np.maximum(-top, bottom), blur))
    for shell in (top, bottom):
        paint(hu, COUCH, sheet_coverage(shell + 0 * x, 1.0, blur))


def paint_bone(hu: np.ndarray, distance: np.ndarray, cortex_mm: float, marrow: np.ndarray | float, blur: float) -> None:
    """A bone: cortex of the given thickness around marrow."""
    paint(hu, CORTICAL_BONE, share_inside(distance, blur))
    paint(hu, marrow, share_inside(distance + cortex_mm, blur))


def rib_height(around: np.ndarray, z: float | np.ndarray) -> np.ndarray:
    """Height in mm above the middle of the nearest rib (or rib cartilage), across its course.

    Ribs fall from the spine to the front, and their cartilages rise again to the breastbone.
    """
    fall = RIB_DROP * np.clip((1 - around) / (1 - CARTILAGE_PART), 0, 1) ** 1.25
    rise = 34 * np.clip(1 - around / CARTILAGE_PART, 0, 1)
    return 0.9 * in_period(z + fall - rise)


def paint_rib_cage(hu: np.ndarray, x: np.ndarray, z: float, frame: CageFrame, grain: np.ndarray, blur: float) -> None:
    """Ribs, their cartilages, the breastbone and the shoulder blades."""
    marrow = MARROW + 30 * grain
    height = rib_height(frame.around, z)
    section = np.hypot(frame.outward / RIB_HALF_THICKNESS, height / RIB_HALF_HEIGHT)
    rib = (section - 1) * 4.2
    rib = np.maximum(rib, 24 - np.abs(x))
    bony = smooth_maximum(rib, (CARTILAGE_PART - frame.around) * 400, 2.0)
    gristle = np.maximum(rib, (frame.around - CARTILAGE_PART) * 400)
    paint(hu, CARTILAGE + 15 * grain, share_inside(gristle, blur))
    paint_bone(hu, bony, 1.1, marrow, blur)

    half_width = 16 + 10 * float(np.clip((z - 25) / 25, 0, 1))
    in_front = np.where(frame.around < 0.5, frame.outward, 1e3)
    plate = smooth_maximum(np.abs(in_front - 1.5) - 5.0, np.abs(x) - half_width, 6.0)
    breastbone = np.maximum(plate, -78 - z)
    if (breastbone < blur).any():
        paint_bone(hu, breastbone, 0.9, marrow - 60, blur)

    reach = float(np.clip((z + 28) * 0.62, 0, 44))
    if reach > 2:
        breadth = np.abs((frame.around - 0.715) * 330) - reach
        thickness = 2.0 + 2.2 * np.clip((breadth + 9) / 9, 0, 1)
        blade = smooth_maximum(
            np.abs(frame.outward - 14.5 - 0.0035 * breadth * breadth * (reach > 12)) - thickness, breadth, 3.0
        )
        paint_bone(hu, blade, 1.2, marrow + 60, blur)


def paint_spine(hu: np.ndarray, x: np.ndarray, y: np.ndarray, z: float, grain: np.ndarray, blur: float) -> None:
    """Vertebral bodies, discs, the canal with the cord, arches, and transverse and spinous processes."""
    depth = y - spine_middle(z)
    height = float(in_period(np.asarray(z, np.float32)))
    side = np.abs(x)

    waist = 1.5 * float(np.clip(1 - (abs(height) / 9) ** 2, 0, 1))
    outline = _vertebral_outline(x, depth) + waist
    paint(hu, DISC + 6 * grain, share_inside(outline + 1.0, blur))
    body = smooth_maximum(outline, np.full_like(outline, abs(height) - 9.6), 2.0)
    paint_bone(hu, body, 0.9, MARROW + 45 * grain, blur)

    behind = depth - 22
    canal = np.hypot(x, behind) - 8.5
    upper, lower = height - 3, height + 2
    arch = np.maximum(np.abs(canal - 2.8) - 2.8, -behind - 9)
    arch = smooth_maximum(arch, np.full_like(arch, abs(lower) - 8.0), 3.0)
    pedicle = _rounded(np.abs(side - 10.5) - 3.4, np.abs(behind + 8) - 8.0, abs(upper) - 4.6)
    process_line = 0.30 * (side - 12)
    transverse = _rounded(np.abs(behind - 4 - process_line) - 4.0, side - 33, abs(upper - 0.04 * (side - 12)) - 4.2)
    transverse = np.maximum(transverse, 8 - side)
    slope = in_period(z + 0.9 * (behind - 9) + 2)
    spinous = _rounded(side - 2.4 - 0.06 * np.clip(behind - 16, 0, None), np.abs(behind - 16) - 9, np.abs(slope) - 4.6)
    head_middle = 8 + 0.62 * (side - 16)
    head = _rounded(np.abs(depth - head_middle) - 3.6, np.abs(side - 23) - 9, abs(height - 7) - 5.0)
    bones = arch
    for part in (pedicle, transverse, spinous, head):
        bones = smooth_minimum(bones, part, 2.0)
    paint_bone(hu, bones, 1.1, MARROW + 30 * grain, blur)

    paint(hu, FAT / 2, share_inside(canal, blur))
    paint(hu, FLUID, share_inside(canal + 1.6, blur))
    paint(hu, CORD, share_inside(np.hypot(x / 1.25, behind) - 4.0, blur))


def _vertebral_outline(x: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Distance from the outline of a vertebral body in the axial plane: heart-shaped, flat at the back."""
    oval = (np.hypot(x / 18.0, depth / 16.5) - 1) * 16.5
    return smooth_maximum(oval, depth - 13.0, 4.0)


def _rounded(first: np.ndarray, second: np.ndarray, third: np.ndarray | float) -> np.ndarray:
    """A box with rounded edges: where all three distances are negative."""
    return smooth_maximum(smooth_maximum(first, second, 3.0), third + np.zeros_like(first), 3.0)
