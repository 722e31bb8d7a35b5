"""Branching trees of the phantom's lungs: how they grow to fill a region, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Branches:
    """Straight stretches of round branches: ends (n, 3) in mm and radii (n) in mm at both ends."""

    start: np.ndarray
    end: np.ndarray
    start_radius: np.ndarray
    end_radius: np.ndarray

    @staticmethod
    def joined(parts: list[Branches]) -> Branches:
        """All stretches of several sets."""
        return Branches(*(np.concatenate([getattr(part, name) for part in parts]) for name in Branches.__annotations__))

    def thicker(self, factor: float, extra_mm: float) -> Branches:
        """The same paths with radii of factor·r + extra_mm."""
        return Branches(
            self.start, self.end, factor * self.start_radius + extra_mm, factor * self.end_radius + extra_mm
        )

    def where(self, keep: np.ndarray) -> Branches:
        """The stretches that `keep` (n booleans) picks."""
        return Branches(self.start[keep], self.end[keep], self.start_radius[keep], self.end_radius[keep])


@dataclass(frozen=True)
class Tree:
    """A grown tree: branch n leads from `start[n]` to `end[n]` and leaves both ends along unit tangents.

    supplied: how many of the points that the tree was grown for lie beyond each branch.
    parent: the branch at whose end each one starts; −1 for the first.
    """

    start: np.ndarray
    end: np.ndarray
    start_tangent: np.ndarray
    end_tangent: np.ndarray
    supplied: np.ndarray
    parent: np.ndarray

    def radii(self, unit_radius_mm: float) -> np.ndarray:
        """The radius of each branch in mm, if that of one which supplies a single point is `unit_radius_mm`.

        At a fork r_parent^2.8 is the sum of the children's r^2.8 (Murray's law has 3, measured lungs a little less).
        """
        return unit_radius_mm * self.supplied ** (1 / 2.8)

    def beside(self, start: ArrayLike, side: np.ndarray, distance_mm: np.ndarray) -> Tree:
        """A companion of this tree that begins at `start` and runs beside each branch, towards about `side`.

        distance_mm: how far beside, for each branch.
        """
        across = side - self.end_tangent * (self.end_tangent @ side)[:, None]
        across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-6
        end = self.end + across * distance_mm[:, None]
        return replace(self, start=np.where(self.parent[:, None] < 0, start, end[self.parent]), end=end)

    def branches(self, unit_radius_mm: float) -> Branches:
        """The tree as curved branches with the radii that `radii` gives."""
        radius = self.radii(unit_radius_mm)
        before = np.where(self.parent < 0, radius, np.minimum(radius[self.parent], 1.25 * radius))
        length = np.linalg.norm(self.end - self.start, axis=1)
        parts = []
        for pieces, chosen in ((1, length <= 3), (3, (length > 3) & (length <= 14)), (7, length > 14)):
            places = np.linspace(0, 1, pieces + 1)
            parts += [
                Branches(
                    self._curve(length, a)[chosen],
                    self._curve(length, b)[chosen],
                    (before + (radius - before) * a)[chosen],
                    (before + (radius - before) * b)[chosen],
                )
                for a, b in pairwise(places)
            ]
        return Branches.joined(parts)

    def _curve(self, length: np.ndarray, t: float) -> np.ndarray:
        """Points of the cubic Hermite curves at the parameter t."""
        pull = 0.7 * length[:, None]
        return (
            (2 * t**3 - 3 * t**2 + 1) * self.start
            + (t**3 - 2 * t**2 + t) * pull * self.start_tangent
            + (3 * t**2 - 2 * t**3) * self.end
            + (t**3 - t**2) * pull * self.end_tangent
        )


def grow(
    points: np.ndarray, start: ArrayLike, heading: ArrayLike, random: np.random.Generator, leaf_points: int = 6
) -> Tree:
    """A tree that fills the cloud `points` (n, 3) from `start` on, leaving along `heading`.

    Each branch heads for the middle of the points that it supplies, stops on the way, and shares them out between two
    by a plane across their widest extent, more or less evenly (the idea of Tawhai et al. 2000); branches with no more
    than `leaf_points` end.
    """
    rows = []
    waiting = [(points, np.asarray(start, float), np.asarray(heading, float) / np.linalg.norm(heading), -1)]
    while waiting:
        cloud, begin, tangent, parent = waiting.pop()
        middle = cloud.mean(axis=0)
        way = middle - begin
        towards = way / (np.linalg.norm(way) + 1e-9)
        is_leaf = len(cloud) <= leaf_points
        # Trunks fork early, twigs late: so they reach the rim of the cloud.
        smallness = 1 - np.log(len(cloud) / leaf_points) / np.log(len(points) / leaf_points)
        end = begin + way * (1.0 if is_leaf else 0.24 + 0.3 * smallness + random.uniform(-0.06, 0.06))
        leaving = towards + 0.25 * tangent + random.normal(0, 0.12, 3)
        leaving /= np.linalg.norm(leaving)
        rows.append((begin, end, tangent, leaving, len(cloud), parent))
        if is_leaf:
            continue
        spread = cloud - middle
        spread -= np.outer(spread @ towards, towards)
        widest = np.linalg.eigh(spread.T @ spread)[1][:, -1]
        # The sign of an eigenvector is up to the linear algebra library; the tree is to be the same with all of them.
        place = spread @ widest * np.sign(widest[np.argmax(np.abs(widest))])
        smaller = int(len(cloud) * random.uniform(0.22, 0.78))
        beyond = place > np.partition(place, smaller)[smaller]
        waiting += [(part, end, leaving, len(rows) - 1) for part in (cloud[beyond], cloud[~beyond])]
    return Tree(*(np.array(column) for column in zip(*rows, strict=True)))


def branch_coverage(branches: Branches, x: np.ndarray, y: np.ndarray, z: np.ndarray, blur_mm: float) -> np.ndarray:
    """The part (k, j, i) of voxels at evenly spaced x[i], y[j], z[k] that branches fill.

    The edge of a branch is `blur_mm` wide. A branch thinner than that keeps its cross-section: its edge keeps the width
    and it covers less, so that sums over voxels do not depend on the grid.
    """
    cover = np.zeros((len(z), len(y), len(x)), np.float32)
    drawn = [np.column_stack(_drawn_radius(r, blur_mm)) for r in (branches.start_radius, branches.end_radius)]
    reach = np.maximum(drawn[0][:, :1], drawn[1][:, :1]) + blur_mm / 2
    low = np.minimum(branches.start, branches.end) - reach
    high = np.maximum(branches.start, branches.end) + reach
    boxes = [
        (np.searchsorted(axis, low[:, n]), np.searchsorted(axis, high[:, n], side="right"))
        for n, axis in enumerate((x, y, z))
    ]
    inside = np.logical_and.reduce([first < last for first, last in boxes])
    for n in np.flatnonzero(inside):
        (i, ie), (j, je), (k, ke) = ((int(first[n]), int(last[n])) for first, last in boxes)
        a = branches.start[n]
        px, py, pz = x[i:ie] - float(a[0]), (y[j:je] - float(a[1]))[:, None], (z[k:ke] - float(a[2]))[:, None, None]
        dx, dy, dz = (float(step) for step in branches.end[n] - a)
        length_squared = dx * dx + dy * dy + dz * dz + 1e-9
        along = pz * dz + py * dy + px * dx
        share = np.clip(along / length_squared, 0, 1)
        squared = pz * pz + py * py + px * px - share * (2 * along - share * length_squared)
        (r0, c0), (r1, c1) = drawn[0][n].tolist(), drawn[1][n].tolist()
        edge = np.clip((r0 + (r1 - r0) * share - np.sqrt(np.maximum(squared, 0))) / blur_mm + 0.5, 0, 1)
        box = cover[k:ke, j:je, i:ie]
        np.maximum(box, edge * (c0 + (c1 - c0) * share), out=box)
    return cover


def _drawn_radius(radius: np.ndarray, blur_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """The radius to draw at and the coverage inside, so that the cross-section is that of `radius`.

    A disc of radius R whose edge falls evenly over a width b covers π(R² + b²/12) if R ≥ b/2.
    """
    thin = radius**2 < blur_mm**2 / 3
    drawn = np.where(thin, blur_mm / 2, np.sqrt(np.maximum(radius**2 - blur_mm**2 / 12, 0)))
    return drawn, np.where(thin, 3 * radius**2 / blur_mm**2, 1.0)
