"""The phantom's heart and great vessels, and what lies between the lungs."""

from __future__ import annotations

from functools import reduce

import numpy as np

from .shapes import Ellipsoid, Tube, paint, share_inside, sheet_coverage, smooth_minimum
from .thorax import spine_middle
from .tissues import AIR, BLOOD, FAT, MUSCLE, MYOCARDIUM

AORTA = (
    Tube([(0, -14, -24, 14), (-13, -26, -6, 15.5), (-19, -28, 14, 15.5), (-14, -21, 33, 14.5)]),
    Tube([(-14, -21, 33, 14.5), (-3, -9, 42, 13.5), (9, 7, 44, 13), (19, 24, 37, 12.5), (25, 36, 24, 12)]),
    Tube([(25, 36, 24, 12), (26, 41, 0, 11.5), (22, 43, -45, 11), (14, 42, -85, 10.5), (4, 40, -140, 10)]),
)
ARCH_BRANCHES = (
    Tube([(-8, -13, 46, 6.5), (-15, -9, 68, 6), (-22, -8, 105, 5)]),
    Tube([(4, -2, 50, 4.2), (12, -1, 72, 3.8), (16, -2, 110, 3.5)]),
    Tube([(13, 10, 48, 5), (22, 15, 72, 4.6), (36, 10, 105, 4.2)]),
)
VEINS = (
    Tube([(-28, -20, 105, 6), (-31, -22, 62, 8), (-33, -18, 35, 9.5), (-33, -14, 8, 10), (-30, -18, -20, 11)]),
    Tube([(26, -22, 95, 6), (12, -30, 68, 6.5), (-14, -30, 56, 7), (-31, -22, 48, 8)]),
    Tube([(-8, 41, -140, 4), (-8, 42, 18, 4.2), (-13, 32, 31, 4.4), (-26, 8, 33, 4.5), (-33, -12, 27, 5)]),
    Tube([(-27, 0, -52, 12), (-26, 4, -80, 12), (-22, 12, -140, 11)]),
)
PULMONARY_ARTERIES = (
    Tube([(10, -43, -24, 13), (14, -40, -6, 14), (19, -27, 8, 13.5)]),
    Tube([(19, -27, 8, 13.5), (33, -8, 14, 11.5), (45, 10, 8, 9.5), (50, 19, -10, 8), (51, 24, -22, 7)]),
    Tube(
        [(19, -27, 8, 12), (4, -14, 5, 11.5), (-18, -9, 3, 11), (-40, -2, 0, 9.5), (-49, 9, -12, 8), (-50, 15, -28, 7)]
    ),
)
LEFT_ATRIUM = Ellipsoid((0, 9, -33), (31, 16, 19))
LEFT_ATRIUM_CAVITY = Ellipsoid((0, 9, -33), (29, 14, 17))
PULMONARY_VEINS = (
    Tube([(-20, 4, -24, 7), (-36, -6, -17, 6.5), (-48, -11, -11, 5.5)]),
    Tube([(-22, 14, -38, 7), (-36, 20, -43, 6.5), (-48, 25, -48, 5.5)]),
    Tube([(22, 2, -22, 7), (38, -6, -14, 6.5), (50, -12, -8, 5.5)]),
    Tube([(24, 14, -36, 7), (38, 21, -42, 6.5), (50, 27, -48, 5.5)]),
)
APEX_POINTING = (0.72, -0.6, -0.38)
LEFT_VENTRICLE = Ellipsoid((40, -24, -50), (43, 30, 31), APEX_POINTING)
LEFT_CAVITY = Ellipsoid((37, -22, -49), (34, 20, 21), APEX_POINTING)
RIGHT_VENTRICLE = Ellipsoid((6, -47, -50), (35, 23, 30), (0.85, -0.35, -0.35))
RIGHT_CAVITY = Ellipsoid((6, -47, -49), (32, 20, 27), (0.85, -0.35, -0.35))
RIGHT_ATRIUM = Ellipsoid((-31, -22, -36), (22, 24, 28))
RIGHT_ATRIUM_CAVITY = Ellipsoid((-31, -22, -36), (20, 22, 26))
OUTFLOW = Tube([(6, -45, -40, 14), (10, -43, -24, 13)])
OESOPHAGUS = Tube([(2, 24, 120, 6.5), (4, 30, 40, 6.5), (8, 31, 0, 6.5), (8, 33, -45, 7), (18, 24, -90, 8)])
TRACHEA_BED = Tube([(0, 10, 130, 13), (-3, 14, 18, 13)])
HILA = (
    Tube([(-3, 15, 14, 12), (-26, 16, 0, 12), (-42, 15, -22, 10)]),
    Tube([(-3, 15, 14, 12), (28, 18, -5, 11), (44, 20, -20, 10)]),
)
MEDIASTINAL_FAT = (
    Tube([(-15, -14, 38, 14), (-17, -10, 75, 21), (-17, -8, 130, 24)]),
    Tube([(10, -4, 46, 13), (14, -2, 75, 19), (20, 0, 130, 24)]),
    Ellipsoid((8, -22, -54), (46, 36, 32)),
    Ellipsoid((16, -32, -76), (56, 38, 24)),
    Tube([(4, 30, -10, 14), (6, 26, -60, 18), (6, 22, -140, 22)]),
)
NODES = tuple(
    Ellipsoid(centre, radii)
    for centre, radii in (
        ((-14, 0, 22), (4.5, 3.5, 6)),
        ((-16, 4, 40), (3.5, 2.6, 5)),
        ((7, -3, 22), (4, 3, 4)),
        ((2, 14, -8), (7, 4, 6)),
        ((12, -22, 30), (3, 2.5, 4)),
        ((-6, -42, 25), (3, 2.4, 4)),
    )
)

HEART = (LEFT_VENTRICLE, RIGHT_VENTRICLE, RIGHT_ATRIUM, LEFT_ATRIUM)
CAVITIES = (LEFT_CAVITY, RIGHT_CAVITY, RIGHT_ATRIUM_CAVITY, LEFT_ATRIUM_CAVITY, OUTFLOW)
# What holds blood, how thick its wall is in mm, and how much brighter it is in HU; later ones lie over earlier ones.
BLOOD_POOLS = (
    (PULMONARY_VEINS, 1.3, 0.0),
    (PULMONARY_ARTERIES, 1.3, 15.0),
    (VEINS, 1.3, -12.0),
    (CAVITIES, 0.0, 0.0),
    ((*AORTA, *ARCH_BRANCHES), 1.3, 8.0),
)

# What the lungs lean on, and how many mm of fat lie between.
_SUPPORTS: tuple[tuple[Ellipsoid | Tube, float], ...] = (
    *((shape, 4.5) for shape in HEART),
    *((tube, 2.5) for tube in (*AORTA, *PULMONARY_ARTERIES[:1], *VEINS[:2], VEINS[3])),
    *((tube, 1.5) for tube in (*ARCH_BRANCHES, *PULMONARY_ARTERIES[1:], *PULMONARY_VEINS, VEINS[2])),
    (OESOPHAGUS, 2.0),
    (TRACHEA_BED, 0.0),
    *((shape, 0.0) for shape in MEDIASTINAL_FAT),
    *((tube, 0.0) for tube in HILA),
)
_FILLET = 7.0


def mediastinum_distance(x: np.ndarray, y: np.ndarray, z: float | np.ndarray) -> np.ndarray:
    """Distance to what lies between the lungs: the heart, the vessels and the airways in their fat, and the spine."""
    level = np.ndim(z) == 0
    thymus = 0.009 * np.clip(-28 - y, 0, 45) ** 2 * np.clip((z + 35) / 60, 0, 1)
    midline = np.abs(x - 4 + 0.12 * (y + 20) + 2 * np.sin(z / 14)) - 1.6 - thymus
    spine = np.hypot(x, 1.08 * (y - spine_middle(z))) - 21.5
    distance = smooth_minimum(midline, spine, _FILLET)
    for shape, fat_mm in _SUPPORTS:
        if level and not shape.reaches(float(z)):
            continue
        distance = smooth_minimum(distance, shape.distance(x, y, z) - fat_mm, _FILLET)
    return distance


def paint_mediastinum(
    hu: np.ndarray, x: np.ndarray, y: np.ndarray, z: float, inside: np.ndarray, grain: np.ndarray, blur: float
) -> None:
    """Fat with what lies in it, where `inside` (0 to 1) says; the airways are not part of it."""
    paint(hu, FAT + 6 * grain, inside)
    for node in NODES:
        if node.reaches(z):
            paint(hu, MUSCLE + 20, inside * share_inside(node.distance(x, y, z) + 0.5 * grain, blur))
    if OESOPHAGUS.reaches(z):
        wall = OESOPHAGUS.distance(x, y, z)
        paint(hu, MUSCLE, share_inside(wall, blur))
        if 20 < z < 34 or -62 < z < -48:
            paint(hu, AIR, share_inside(wall + 5.2, blur))
    _paint_heart_muscle(hu, x, y, z, grain, blur)
    for shapes, wall_mm, brighter in BLOOD_POOLS:
        near = [shape.distance(x, y, z) for shape in shapes if shape.reaches(z)]
        if near:
            distance = np.minimum.reduce(near)
            paint(hu, MUSCLE, share_inside(distance - wall_mm, blur))
            paint(hu, BLOOD + brighter + 3 * grain, share_inside(distance, blur))


def _paint_heart_muscle(hu: np.ndarray, x: np.ndarray, y: np.ndarray, z: float, grain: np.ndarray, blur: float) -> None:
    """The walls of the chambers as full bodies, and the pericardium around the fat on them."""
    near = [chamber.distance(x, y, z) + 0.6 * grain for chamber in HEART if chamber.reaches(z)]
    if near:
        paint(hu, MYOCARDIUM + 4 * grain, share_inside(np.minimum.reduce(near), blur))
        around = reduce(lambda a, b: smooth_minimum(a, b, 4.0), near)
        paint(hu, MUSCLE, sheet_coverage(around - 3.6, 1.0, blur))
