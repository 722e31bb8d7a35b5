"""Calibration of the doubt: what the network expects of its errors against the errors that it made.

How much it errs depends, beside what it expects, on how far thick slices lie apart, on where between them a thin one
lies, on the tissue, and in the lungs on the scan, of which a trial on the volume itself tells (`doubt.trial`), of
vessels apart from lung; how far errors reach beyond what is then expected depends on little else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import WeightsError
from .curve import Curve, mean_curve, quantile_curve
from .places import ALL_ALIKE, OverlapFactors, PlaceFactors, off_centre

COVERAGES = (0.5, 0.8, 0.9, 0.95)
ELSEWHERE = "elsewhere"  # than in any tissue that has a curve of its own
VERSION = 4
FEWEST_ERRORS = 5000  # of a tissue
LUNG_TISSUES = ("lung", "vessels", "lung borders")  # whose errors go with those of a trial
MOST_HARDER = 2.0  # times as large as usual, and as small: what a trial says beyond that is chance
MOST_BEYOND = 1.25  # times the widest spacing that was measured, and the narrowest by as much


@dataclass(frozen=True)
class SlabCalibration:
    """Of thick slices with one spacing.

    expected: HU that are expected where the network tells so many, by tissue and ELSEWHERE, before `by_place`: how
    many times as many by where between thick slices a thin one lies. reach: how far errors reach, by the shares of
    COVERAGES, where so many HU are expected.
    """

    spacing_mm: float
    expected: Mapping[str, Curve]
    reach: tuple[Curve, ...]
    by_place: PlaceFactors = ALL_ALIKE

    def expected_hu(self, told_hu: np.ndarray, tissue: str = ELSEWHERE) -> np.ndarray:
        """The expected absolute error in HU, float32, where the network tells `told_hu` in a tissue, to be multiplied
        by what `times_at` tells of the slice."""
        return self._of(tissue).at(told_hu)

    def times_at(self, places: np.ndarray) -> np.ndarray:
        """How many times as large as `expected_hu` errors are (float32) in thin slices at these places, counted in
        thick slices."""
        return self.by_place.at(off_centre(places))

    def reach_hu(self, expected_hu: np.ndarray, coverage: float) -> np.ndarray:
        """HU (float32) within which the error lies with the probability `coverage`, one of COVERAGES."""
        return self.reach[COVERAGES.index(coverage)].at(expected_hu)

    def in_harder_lungs(self, times: Mapping[str, float]) -> SlabCalibration:
        """That of a volume in whose lungs the network errs so many times as much as usual, by tissue."""
        scaled = {tissue: self._of(tissue).times(factor) for tissue, factor in times.items()}
        return replace(self, expected={**self.expected, **scaled})

    def towards(self, other: SlabCalibration, spacing_mm: float) -> SlabCalibration:
        """That of another spacing, on the line through this one and another over the logarithm of the spacing."""
        share = math.log(spacing_mm / self.spacing_mm) / math.log(other.spacing_mm / self.spacing_mm)
        tissues = dict.fromkeys((*self.expected, *other.expected))
        return SlabCalibration(
            spacing_mm,
            {tissue: self._of(tissue).towards(other._of(tissue), share) for tissue in tissues},
            tuple(one.towards(another, share) for one, another in zip(self.reach, other.reach, strict=True)),
            self.by_place.towards(other.by_place, share),
        )

    def _of(self, tissue: str) -> Curve:
        return self.expected.get(tissue, self.expected[ELSEWHERE])


@dataclass(frozen=True)
class UsualTrial:
    """What `lung_trial` tells of the volumes of a calibration, by tissue, lung among them, and by thickness over
    distance of slices (ascending)."""

    overlaps: tuple[float, ...]
    ratios: Mapping[str, tuple[float, ...]]

    def times(self, ratios: Mapping[str, float], overlap: float) -> dict[str, float]:
        """How many times as large as usual errors are in each of LUNG_TISSUES where a trial of slices that overlap so
        tells `ratios`: those of lung where a tissue has none of its own. Nothing where the trial tells none of lung."""
        if "lung" not in ratios:
            return {}
        known = {
            tissue: ratios[tissue] / float(np.interp(math.log(overlap), np.log(self.overlaps), usual))
            for tissue, usual in self.ratios.items()
            if tissue in ratios
        }
        bounded = {tissue: min(max(times, 1 / MOST_HARDER), MOST_HARDER) for tissue, times in known.items()}
        return {tissue: bounded.get(tissue, bounded["lung"]) for tissue in LUNG_TISSUES}


@dataclass(frozen=True)
class Calibration:
    """slabs: of one spacing or more, ascending, of thick slices side by side. trial: None where errors in all lungs
    count as equally large. by_overlap: None where slices with gaps, and such that overlap, count as side by side."""

    slabs: tuple[SlabCalibration, ...]
    trial: UsualTrial | None = None
    by_overlap: OverlapFactors | None = None

    def for_volume(self, spacing_mm: float, overlap: float, ratios: Mapping[str, float]) -> SlabCalibration:
        """That of a thick volume whose slices lie so far apart and overlap so, see `SlabProfile`.

        ratios: what `lung_trial` tells of it.
        """
        slabs = self.for_spacing(spacing_mm)
        if self.by_overlap:
            slabs = replace(slabs, by_place=self.by_overlap.at(overlap, slabs.by_place))
        return slabs.in_harder_lungs(self.trial.times(ratios, overlap)) if self.trial else slabs

    def for_spacing(self, spacing_mm: float) -> SlabCalibration:
        """That of thick slices so far apart, between those that were measured, or not far beyond them."""
        first, last = self.slabs[0], self.slabs[-1]
        spacing_mm = min(max(spacing_mm, first.spacing_mm / MOST_BEYOND), last.spacing_mm * MOST_BEYOND)
        if len(self.slabs) == 1:
            return first
        before = max(0, min(sum(slab.spacing_mm <= spacing_mm for slab in self.slabs), len(self.slabs) - 1) - 1)
        return self.slabs[before].towards(self.slabs[before + 1], spacing_mm)

    def to_json(self) -> str:
        slabs = [
            {
                "spacing_mm": slab.spacing_mm,
                "expected": {tissue: [curve.at_hu, curve.value_hu] for tissue, curve in slab.expected.items()},
                "reach": [[curve.at_hu, curve.value_hu] for curve in slab.reach],
                "by_place": [slab.by_place.shares, slab.by_place.times],
            }
            for slab in self.slabs
        ]
        trial = {"overlaps": self.trial.overlaps, "ratios": self.trial.ratios} if self.trial else None
        told: dict[str, Any] = {"version": VERSION, "slabs": slabs, "trial": trial}
        if self.by_overlap:
            rows = zip(self.by_overlap.overlaps, self.by_overlap.by_place, strict=True)
            told["by_overlap"] = [[overlap, factors.shares, factors.times] for overlap, factors in rows]
        return json.dumps(told, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Calibration:
        """The calibration that `to_json` wrote, of this version or before. Raises WeightsError when it is none."""
        try:
            told = json.loads(text)
            trial = _trial(told.get("trial"))
            by_overlap = OverlapFactors.of(told["by_overlap"]) if "by_overlap" in told else None
            if "version" not in told:
                slabs: Sequence[SlabCalibration] = [_of_first_version(told)]
            elif told["version"] in (2, 3, VERSION):
                slabs = [_slab(slab) for slab in told["slabs"]]
            else:
                raise _impossible()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
            raise _impossible() from error
        spacings = [slab.spacing_mm for slab in slabs]
        if not slabs or not all(0 < mm < math.inf for mm in spacings) or any(a >= b for a, b in pairwise(spacings)):
            raise _impossible()
        return Calibration(tuple(slabs), trial, by_overlap)


def calibrate(
    spacing_mm: float,
    told_hu: np.ndarray,
    error_hu: np.ndarray,
    tissues: Mapping[str, np.ndarray],
    times: np.ndarray | None = None,
    places: np.ndarray | None = None,
) -> SlabCalibration:
    """The calibration that fits absolute errors (HU) where the network told `told_hu`, both one-dimensional.

    tissues: where each kind lies, bool. times: how many times as large as usual errors are in each voxel, as the
    calibration will be told of a volume by `for_volume`; 1 if it is left out. places: where each lies, counted in
    thick slices; if they are left out, all places count as one.
    """
    times = np.ones(told_hu.shape, np.float32) if times is None else times
    if places is None:
        factors = ALL_ALIKE
    else:
        shares = off_centre(places)
        _, anywhere = _expected(told_hu, error_hu, tissues, times)
        factors = PlaceFactors.fitted(shares, anywhere, error_hu)
        times = times * factors.at(shares)
    curves, expected = _expected(told_hu, error_hu, tissues, times)
    reach = tuple(quantile_curve(expected, error_hu, share) for share in COVERAGES)
    return SlabCalibration(spacing_mm, curves, reach, factors)


def _expected(
    told_hu: np.ndarray, error_hu: np.ndarray, tissues: Mapping[str, np.ndarray], times: np.ndarray
) -> tuple[dict[str, Curve], np.ndarray]:
    """The curves by tissue, and what they expect of each voxel."""
    elsewhere = ~np.any(list(tissues.values()), axis=0) if tissues else np.ones(told_hu.shape, bool)
    if np.count_nonzero(elsewhere) < FEWEST_ERRORS:
        elsewhere = np.ones(told_hu.shape, bool)
    usual_hu = error_hu / times
    curves = {ELSEWHERE: mean_curve(told_hu[elsewhere], usual_hu[elsewhere])}
    expected = curves[ELSEWHERE].at(told_hu)
    for tissue, inside in tissues.items():
        if np.count_nonzero(inside) >= FEWEST_ERRORS:
            curves[tissue] = mean_curve(told_hu[inside], usual_hu[inside])
            expected[inside] = curves[tissue].at(told_hu[inside])
    return curves, expected * times


def _slab(told: Mapping[str, Any]) -> SlabCalibration:
    expected = {str(tissue): Curve.of(*rows) for tissue, rows in told["expected"].items()}
    reach = tuple(Curve.of(*rows) for rows in told["reach"])
    if len(reach) != len(COVERAGES) or ELSEWHERE not in expected:
        raise ValueError
    by_place = PlaceFactors.of(*told["by_place"]) if "by_place" in told else ALL_ALIKE  # before version 4
    return SlabCalibration(float(told["spacing_mm"]), expected, reach, by_place)


def _trial(told: Mapping[str, Any] | None) -> UsualTrial | None:
    if told is None:
        return None
    overlaps, ratios = told["overlaps"], told["ratios"]
    by_tissue = ratios if isinstance(ratios, Mapping) else {"lung": ratios}  # before version 4
    points = {str(tissue): Curve.of(overlaps, row) for tissue, row in by_tissue.items()}  # which requires the same
    return UsualTrial(points["lung"].at_hu, {tissue: row.value_hu for tissue, row in points.items()})


def _of_first_version(told: Mapping[str, Any]) -> SlabCalibration:
    """One curve for all spacings and tissues, and reaches by what was told."""
    levels, expected, reach = (told[name] for name in ("levels_hu", "expected_hu", "reach_hu"))
    if len(reach) != len(COVERAGES):
        raise ValueError
    curve = Curve.of(levels, expected)
    places = np.unique(curve.value_hu, return_index=True)[1].tolist()  # ascending, one for each expectation
    rows = [Curve.of(levels, row).value_hu for row in reach]
    reaches = tuple(
        Curve(*(tuple(values[place] for place in places) for values in (curve.value_hu, row))) for row in rows
    )
    return SlabCalibration(1.0, {ELSEWHERE: curve}, reaches)


def _impossible() -> WeightsError:
    return WeightsError(
        "The calibration of the doubt in these weights cannot be read; use another model.", "weights_refused"
    )
