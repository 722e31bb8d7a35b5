"""What a precision costs in HU: whole syntheses beside those in float32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.run.thick_input import check_thick, read_thick
from ThinSliceSRLib.engine.synthesis.memory_ladder import rungs_from
from ThinSliceSRLib.engine.synthesis.synthesize import Synthesis, synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model

MOST_MEAN_HU, MOST_PERCENTILE_HU = 1.0, 8.0  # what an automatic choice may cost
PERMILLE = 999  # the 99.9th percentile, in whole numbers


@dataclass(frozen=True)
class Differences:
    """Absolute differences of two volumes in HU. within_bounds: small enough for a precision that is chosen for one."""

    mean_hu: float
    percentile_hu: float
    largest_hu: int

    @property
    def within_bounds(self) -> bool:
        return self.mean_hu <= MOST_MEAN_HU and self.percentile_hu <= MOST_PERCENTILE_HU


def differences(first: np.ndarray, second: np.ndarray) -> Differences:
    """Exact differences of two int16 volumes of one shape (slices, rows, columns), counted slice by slice."""
    counts = np.zeros(1 << 16, np.int64)
    for one, other in zip(first, second, strict=True):
        counts += np.bincount(np.abs(one.astype(np.int32) - other).ravel(), minlength=len(counts))
    voxels = int(counts.sum())
    return Differences(
        mean_hu=float(counts @ np.arange(len(counts)) / voxels),
        percentile_hu=float(np.searchsorted(np.cumsum(counts), -(-voxels * PERMILLE // 1000))),
        largest_hu=int(np.flatnonzero(counts)[-1]),
    )


def measure_precisions(
    models: Sequence[Model], volumes: Iterable[Volume], device: str, precisions: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """One row for each volume, model and precision but float32. Volumes are told by their number: names may tell more
    than a table should."""
    for number, source in enumerate(volumes, start=1):
        for model in models:
            exact = synthesis_of(source, model, device, "float32")
            for precision in precisions:
                if precision == "float32":
                    continue
                rough = synthesis_of(source, model, device, precision)
                found = differences(exact.dls.hu, rough.dls.hu)
                yield {
                    "model": model.label,
                    "device": rough.device,
                    "precision": rough.precision,
                    "volume": number,
                    "size": list(source.size),
                    "mean_hu": found.mean_hu,
                    "p99_9_hu": found.percentile_hu,
                    "largest_hu": found.largest_hu,
                    "within_bounds": found.within_bounds,
                }


def synthesis_of(source: Volume, model: Model, device: str, precision: str) -> Synthesis:
    """What the command line makes of a volume whose slices may lie along any axis."""
    thick = source.stacked_along_k(source.through_plane_axis)
    rungs = rungs_from(choose_device(device, precision), precision, model.configuration, OVERLAPPED)
    return synthesize(thick, model, rungs)


def volumes_of(files: Iterable[Any]) -> Iterator[Volume]:
    """The volumes of files and folders, read as the command line reads them, one by one."""
    for file in files:
        yield check_thick(read_thick(file)).volume
