"""Stripes: what of a synthetic volume repeats from slab to slab, though the patient does not.

A network or an interpolation that treats the slices of a slab differently leaves a pattern with the period of a slab,
seen as stripes in coronal and sagittal views. Along the slices it is a line in the power spectrum at the slab frequency
and its harmonics.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import UnusableInput

SLICES_PER_SLAB = 5
FEWEST_SLABS = 6
OUTSIDE_HU = -950.0  # columns whose mean is lower pass nothing of the patient


def slab_frequency_energy(hu: np.ndarray, period: int = SLICES_PER_SLAB) -> float:
    """Power along the slices at the slab frequency and its harmonics against that of neighbouring frequencies.

    About 1 where nothing repeats from slab to slab (true thin slices, noise); above 1 where every so-many-th slice is
    brighter or darker; below 1 for interpolation, which can hold nothing at exactly this frequency. So steps between
    slabs, which are copies of slices, do not show here but in `slab_frequency_energy_of_changes`.

    hu: (k, j, i), slabs of `period` slices along k. Of each column (j, i) inside the body, the power spectrum relative
    to the column's total; averaged over the columns.
    Raises UnusableInput for fewer than 6 slabs and one slice, or when no column passes the body.
    """
    return _energy(hu, period, lambda columns: columns)


def slab_frequency_energy_of_changes(hu: np.ndarray, period: int = SLICES_PER_SLAB) -> float:
    """As `slab_frequency_energy`, but of the absolute change in HU from each slice to the next.

    About 1 for true thin slices and noise; above 1 where slices change more, or are less sharp, at the same place of
    every slab: 7 to 16 for repeated thick slices, 1.0 to 1.9 for BIS (measured on three chest CTs).
    """
    return _energy(hu, period, lambda columns: np.abs(np.diff(columns, axis=0)))


def strongest_line(hu: np.ndarray) -> float:
    """The power along the slices at that frequency at which it exceeds that of neighbouring ones most, whichever it is.

    About 1.1 for true thin slices; more where a network draws lines across or a mesh, which `slab_frequency_energy`
    misses unless they have the period of a slab; 4 to 6 for BIS, which holds nothing at some frequencies.
    """
    slabs = _slabs(hu, SLICES_PER_SLAB)
    spectrum = _spectrum(hu, slabs * SLICES_PER_SLAB, lambda columns: columns)
    # The first frequencies hold the patient, and the last has no neighbours on both sides.
    lines = range(slabs // 3 + 2, len(spectrum) - 2)
    return float(max(spectrum[line] / _around(spectrum, line, slabs) for line in lines))


def _energy(hu: np.ndarray, period: int, signal: Callable[[np.ndarray], np.ndarray]) -> float:
    slabs = _slabs(hu, period)
    spectrum = _spectrum(hu, slabs * period, signal)
    lines = [slabs * harmonic for harmonic in range(1, period // 2 + 1)]
    return float(sum(spectrum[line] for line in lines) / sum(_around(spectrum, line, slabs) for line in lines))


def _slabs(hu: np.ndarray, period: int) -> int:
    slabs = (len(hu) - 1) // period  # one slice to spare: changes are one fewer than slices
    if slabs < FEWEST_SLABS:
        raise UnusableInput(
            f"Stripes can be measured from {period * FEWEST_SLABS + 1} slices on; this volume has {len(hu)}.",
            "too_few_slices",
        )
    return slabs


def _spectrum(hu: np.ndarray, slices: int, signal: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Power along the slices by frequency, relative to the column's total, summed over the columns inside the body.

    slices: whole slabs, so that their frequency falls on one line of it.
    """
    window = np.hanning(slices + 1)[:-1, None].astype(np.float32)
    spectrum, count = np.zeros(slices // 2 + 1), 0
    for row in range(hu.shape[1]):
        columns = hu[:, row].astype(np.float32)
        values = signal(columns[:, columns.mean(axis=0) > OUTSIDE_HU])[:slices]
        power = np.abs(np.fft.rfft((values - values.mean(axis=0)) * window, axis=0)) ** 2
        total = power.sum(axis=0)
        varies = total > 0
        spectrum += (power[:, varies] / total[varies]).sum(axis=1)
        count += int(varies.sum())
    if count == 0:
        raise UnusableInput("No part of the volume holds more than air or one value; give a CT.", "no_body")
    return spectrum


def _around(spectrum: np.ndarray, line: int, slabs: int) -> float:
    """Geometric mean of the power on both sides of a line, which a steadily falling spectrum has on the line itself.

    The window spreads a line over its two neighbours, which are left out.
    """
    reach = range(2, max(3, slabs // 3) + 1)
    pairs = [(line - step, line + step) for step in reach if line + step < len(spectrum)]
    smallest = np.finfo(float).tiny
    return float(np.exp(np.mean([np.log(spectrum[index] + smallest) for pair in pairs for index in pair])))
