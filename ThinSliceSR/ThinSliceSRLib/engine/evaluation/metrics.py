"""How close a synthetic volume is to the true one, measured as in the paper (Yu et al. 2024, Methods)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch

from ..errors import UnusableInput

HU_RANGE = (-1024.0, 2048.0)
OUTER_SLICES = 5
WINDOW_SIZE = 11
WINDOW_SIGMA = 1.5
C1 = 0.01**2
C2 = 0.03**2
AXIAL, CORONAL, SAGITTAL = 0, 1, 2


def without_outer_slices(hu: np.ndarray) -> np.ndarray:
    """A view of (k, j, i) without the first and last 5 slices (of k), which the paper leaves out of its evaluation.

    Raises UnusableInput when no slice is left.
    """
    if len(hu) <= 2 * OUTER_SLICES:
        raise UnusableInput(
            f"Of {len(hu)} slices none is left without the first and last {OUTER_SLICES}; compare larger volumes.",
            "too_small",
        )
    return hu[OUTER_SLICES:-OUTER_SLICES]


def psnr(candidate: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB, from one mean squared error over the volume; infinite when both are equal.

    candidate, truth: HU, shape (k, j, i); clipped to [−1024, 2048] and scaled to [0, 1], so that the peak is 1.
    mask: bool, shape (k, j, i); only voxels where it is true count. All slices count: see `without_outer_slices`.
    Raises UnusableInput when the shapes differ, no voxel counts, or values are not finite.
    """
    _require_one_grid(candidate, truth, mask)
    squares, count = 0.0, 0
    for a, b, inside in _scaled_planes(candidate, truth, mask, AXIAL):
        square = ((a - b) ** 2)[inside]
        squares += float(square.sum())
        count += square.numel()
    _require_some(count)
    return math.inf if squares == 0 else -10 * math.log10(squares / count)


def ssim(candidate: np.ndarray, truth: np.ndarray, axis: int = AXIAL, mask: np.ndarray | None = None) -> float:
    """Structural similarity (Wang et al. 2004) of two-dimensional planes, averaged over the planes.

    Gaussian window of 11 × 11 with sigma 1.5, C1 = 0.01², C2 = 0.03², weighted variances without Bessel's correction.
    Only windows that lie wholly inside a plane count, as in Wang's own program and scikit-image, so the outer 5 pixels
    of a plane are centres of none.

    candidate, truth: as in `psnr`. axis: the array axis that the planes are stacked along: 0 axial (as in the paper),
    1 coronal, 2 sagittal. mask: bool, shape (k, j, i); only windows centred where it is true count, each as much as
    every other, whatever its plane.
    Raises UnusableInput as `psnr`, and when planes are smaller than the window.
    """
    _require_one_grid(candidate, truth, mask)
    if min(np.delete(truth.shape, axis)) < WINDOW_SIZE:
        raise UnusableInput(
            f"SSIM needs planes of at least {WINDOW_SIZE} × {WINDOW_SIZE} pixels; compare larger volumes.", "too_small"
        )
    border = WINDOW_SIZE // 2
    total, count = 0.0, 0
    for a, b, inside in _scaled_planes(candidate, truth, mask, axis):
        centres = inside[border:-border, border:-border]
        if centres.any():
            total += float(_ssim_map(a, b)[centres].sum())
            count += int(centres.sum())
    _require_some(count)
    return total / count


def mean_absolute_error(candidate: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute difference in HU over the volume, values clipped to [−1024, 2048]; arguments as in `psnr`."""
    _require_one_grid(candidate, truth, None)
    low, high = HU_RANGE
    total = sum(float((a - b).abs().sum()) for a, b, _ in _scaled_planes(candidate, truth, None, AXIAL))
    return total / truth.size * (high - low)


def _require_one_grid(candidate: np.ndarray, truth: np.ndarray, mask: np.ndarray | None) -> None:
    for other in (candidate, mask):
        if other is not None and other.shape != truth.shape:
            raise UnusableInput(
                f"Volumes of {_size(other)} and {_size(truth)} voxels cannot be compared; bring both to one grid.",
                "different_grids",
            )


def _require_some(count: int) -> None:
    if count == 0:
        raise UnusableInput("No voxel of the volume counts in this comparison; give a larger region.", "too_small")


def _size(volume: np.ndarray) -> str:
    return " × ".join(str(length) for length in reversed(volume.shape))


def _scaled_planes(
    candidate: np.ndarray, truth: np.ndarray, mask: np.ndarray | None, axis: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Planes of both scaled to [0, 1], in float64 as variances are small differences of large numbers, and the mask."""
    low, high = HU_RANGE
    for index in range(truth.shape[axis]):
        planes = []
        for volume in (candidate, truth):
            plane = torch.from_numpy(np.array(np.take(volume, index, axis), dtype=np.float64))
            if not bool(torch.isfinite(plane).all()):
                raise UnusableInput(
                    "A volume to compare holds values that are not numbers; repair it first.", "not_finite"
                )
            planes.append((plane.clamp(low, high) - low) / (high - low))
        inside = np.ones(planes[0].shape, bool) if mask is None else np.take(mask, index, axis).astype(bool)
        yield planes[0], planes[1], torch.from_numpy(inside)


def _ssim_map(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """SSIM of each window wholly inside the planes (rows, columns): (rows − 10, columns − 10)."""
    mean_a, mean_b, mean_aa, mean_bb, mean_ab = _window_means(torch.stack((a, b, a * a, b * b, a * b)))
    variance_a = mean_aa - mean_a**2
    variance_b = mean_bb - mean_b**2
    covariance = mean_ab - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + C1) * (2 * covariance + C2)
    norm = (mean_a**2 + mean_b**2 + C1) * (variance_a + variance_b + C2)
    return likeness / norm


def _window_means(planes: torch.Tensor) -> torch.Tensor:
    """Means of (n, rows, columns) weighted by the Gaussian window, at each place where it lies wholly inside."""
    offsets = torch.arange(WINDOW_SIZE, dtype=torch.float64) - WINDOW_SIZE // 2
    window = torch.exp(-(offsets**2) / (2 * WINDOW_SIGMA**2))
    weights = (window / window.sum()).tolist()
    return _weighted_along(_weighted_along(planes, 2, weights), 1, weights)


def _weighted_along(planes: torch.Tensor, axis: int, weights: list[float]) -> torch.Tensor:
    # Sums of shifted views: ten times as fast as torch's convolution of one channel in float64.
    length = planes.shape[axis] - len(weights) + 1
    total = torch.zeros_like(planes.narrow(axis, 0, length))
    for start, weight in enumerate(weights):
        total.add_(planes.narrow(axis, start, length), alpha=weight)
    return total
