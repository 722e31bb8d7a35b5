"""Which of the series of one study is the thick one, where it holds thinner ones of the same, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..volumes.slice_steps import ROUNDING_MM

# By as much the slices of one series are clearly thicker than those of another.
CLEARLY_MM = 1.0
# Of the reach of the thinner series: a few thick slices, as for a biopsy, stand in for no chest.
LEAST_REACH = 0.3


@dataclass(frozen=True)
class Stack:
    """What of a series tells whether it is the thick one of its study.

    study: the UID of the study; "" where it is not told. thickness_mm: of a slice. reach_mm: from the first slice to
    the last.
    """

    study: str
    thickness_mm: float
    reach_mm: float


def thicker_one(stack: Stack, others: Sequence[Stack]) -> int | None:
    """Which of `others` is to be taken in the place of `stack`, the thickest one that is: it is of the same study,
    clearly thicker, and reaches about as far. None when there is no such one."""
    better = [number for number, other in enumerate(others) if _replaces(other, stack)]
    return max(better, key=lambda number: others[number].thickness_mm) if better else None


def clearly_thicker(thickness_mm: float, other_mm: float) -> bool:
    """Whether slices are clearly thicker than others."""
    return thickness_mm - other_mm >= CLEARLY_MM - ROUNDING_MM


def _replaces(thick: Stack, thin: Stack) -> bool:
    return (
        bool(thick.study)
        and thick.study == thin.study
        and clearly_thicker(thick.thickness_mm, thin.thickness_mm)
        and thick.reach_mm >= LEAST_REACH * thin.reach_mm
    )
