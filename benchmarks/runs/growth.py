"""How time and memory grow with the slices of a volume and with its matrix: whole runs of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration

from .chests import chest_of, drawn_chest
from .whole_runs import RunFiles, measure_whole_run

SLICES = (10, 30, 60, 120, 300, 600)
MATRICES = (256, 384, 512, 768, 1024)
MATRIX_OF_ALL_SLICES, SLICES_OF_ALL_MATRICES = 256, 30
FEWEST_ON_LINE = 30  # fewer slices pay for cubes that reach beyond the volume


def growth_sizes(slices: Iterable[int], matrices: Iterable[int]) -> list[tuple[int, int, int]]:
    """The volumes (columns, rows, slices) to run: all slices at one matrix, all matrices with one number of slices."""
    sizes = [(MATRIX_OF_ALL_SLICES, MATRIX_OF_ALL_SLICES, count) for count in slices]
    sizes += [(matrix, matrix, SLICES_OF_ALL_MATRICES) for matrix in matrices]
    return list(dict.fromkeys(sizes))


def measure_growth(
    files: RunFiles,
    models: dict[str, NetworkConfiguration],
    device: str,
    precisions: Sequence[str],
    sizes: Sequence[tuple[int, int, int]],
) -> Iterator[dict[str, Any]]:
    """One row for each size, model and precision."""
    drawn = drawn_chest()
    for size in sizes:
        volume = files.volume(chest_of(size, drawn))
        for name, config in models.items():
            for precision in precisions:
                yield measure_whole_run(files, name, config, volume, device, precision)
        volume.unlink()


def departures_from_line(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each model, device and precision: the line through the seconds of 30 slices and more at one matrix.

    departure: how far a run lies off it at most, as a part of the line's value; also for the seconds of CPU, which a
    busy machine disturbs less. No line where there are less than three runs.
    """
    on_line: dict[tuple[str, ...], list[tuple[int, float, float]]] = {}
    for row in rows:
        columns, _, slices = row["size"]
        if columns == MATRIX_OF_ALL_SLICES and slices >= FEWEST_ON_LINE:
            key = (row["model"], row["device"], row["precision"])
            on_line.setdefault(key, []).append((slices, row["seconds"], row["cpu_seconds"] or np.nan))
    lines = []
    for (model, device, precision), points in on_line.items():
        if len(points) < 3:
            continue
        slices, seconds, cpu_seconds = np.array(points).T
        slope, start = np.polyfit(slices, seconds, 1)
        line = {
            "seconds_per_slice": float(slope),
            "seconds_at_start": float(start),
            "departure": departure_from_line(slices, seconds),
            "departure_cpu": None if np.isnan(cpu_seconds).any() else departure_from_line(slices, cpu_seconds),
        }
        lines.append({"model": model, "device": device, "precision": precision, **line})
    return lines


def departure_from_line(slices: np.ndarray, seconds: np.ndarray) -> float:
    """How far the seconds lie off their line of least squares at most, as a part of the line's value."""
    line = np.polyval(np.polyfit(slices, seconds, 1), slices)
    return float(np.abs(seconds / line - 1).max())
