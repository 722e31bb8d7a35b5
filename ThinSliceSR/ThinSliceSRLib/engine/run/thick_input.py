"""The first two steps of a run: a file or folder becomes a thick volume in HU, and it is found fit or refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..events.finding import Finding
from ..files.reading import read_volume
from ..findings.checked_volume import fit_volume
from ..volumes.slice_thickness import with_thickness
from ..volumes.value_scale import in_hu
from ..volumes.volume import Volume


@dataclass(frozen=True)
class ThickInput:
    """A volume of which thin slices can be made, and the warnings and notes that are to be told of it."""

    volume: Volume
    findings: list[Finding]


def read_thick(
    source: Path, series: str | None = None, slab_mm: float | None = None, values: str | None = None
) -> Volume:
    """The volume of a file or folder in HU, as thick as its slices are said to be. series, slab_mm, values: see `Job`.

    Raises UnusableInput.
    """
    return with_thickness(in_hu(read_volume(source, series), values), slab_mm)


def check_thick(volume: Volume, force: bool = False) -> ThickInput:
    """The volume, made fit where that can be done, and what was found on it. force: see `Job`.

    Raises UnusableInput with the first of its errors.
    """
    return ThickInput(*fit_volume(volume, may_be_thin=force))
