"""Noise as in reconstructed CT: in the plane a ramp rounded off by the kernel, across slices little correlation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CUT_OFF_PER_MM = 0.85
LOW_FREQUENCY_PER_MM = 0.02
SLICE_SIGMA_MM = 0.5


def ct_noise(
    seed: int, slices: int, shape: tuple[int, int], spacing_mm: tuple[float, float, float], hu: float
) -> Iterator[np.ndarray]:
    """Yields `slices` noise slices (rows, columns), float32, in HU.

    spacing_mm: along x, y, z. hu: the standard deviation of 1 mm slices; slices of d mm have hu / √d, as they are made
    of that many more photons. In the plane the power spectrum is that of filtered back-projection (Riederer et al.
    1978): proportional to the frequency, times the square of a Hann apodisation that ends at 0.85 per mm. Along z,
    neighbouring 1 mm slices correlate by about a quarter, as was measured on a scanner's 1 mm volume.
    """
    random = np.random.default_rng([seed, 7])
    response = _plane_response(shape, spacing_mm[:2])
    weights = _slice_weights(spacing_mm[2])
    scale = hu / np.sqrt(spacing_mm[2])
    white = [random.standard_normal(shape, dtype=np.float32) for _ in range(len(weights) - 1)]
    for _ in range(slices):
        white.append(random.standard_normal(shape, dtype=np.float32))
        mixed = sum(weight * field for weight, field in zip(weights, white, strict=True))
        yield np.fft.irfft2(np.fft.rfft2(mixed) * response, s=shape).astype(np.float32) * np.float32(scale)
        white.pop(0)


def _plane_response(shape: tuple[int, int], spacing_mm: tuple[float, float]) -> np.ndarray:
    """The filter (rows, columns of a half spectrum) that gives white noise the spectrum, and keeps its variance."""
    rows = np.fft.fftfreq(shape[0], spacing_mm[1])[:, None]
    columns = np.fft.fftfreq(shape[1], spacing_mm[0])[None]
    frequency = np.hypot(rows, columns)
    apodisation = np.where(frequency < CUT_OFF_PER_MM, np.cos(np.pi / 2 * frequency / CUT_OFF_PER_MM) ** 2, 0)
    response = np.sqrt(frequency + LOW_FREQUENCY_PER_MM) * apodisation
    response /= np.sqrt(np.mean(response**2))
    return response[:, : shape[1] // 2 + 1]


def _slice_weights(spacing_mm: float) -> list[float]:
    """Shares of neighbouring white slices; their squares sum to 1."""
    reach = int(3 * SLICE_SIGMA_MM / spacing_mm)
    weights = np.exp(-((np.arange(-reach, reach + 1) * spacing_mm) ** 2) / (2 * SLICE_SIGMA_MM**2))
    return (weights / np.sqrt(np.sum(weights**2))).tolist()
