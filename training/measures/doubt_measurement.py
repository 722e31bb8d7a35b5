"""Calibration of a model's doubt on validation volumes, and the tables of a model card that say how reliable it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.calibration.calibration import COVERAGES, Calibration, SlabCalibration, UsualTrial, calibrate
from ThinSliceSRLib.engine.calibration.places import ALL_ALIKE, OverlapFactors, PlaceFactors, off_centre
from ThinSliceSRLib.engine.doubt.expected_error import require_calibration
from ThinSliceSRLib.engine.evaluation.reliability import Sparsification, coverage, sparsification
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.weights.weights_file import load_model, with_calibration

from .doubt_samples import (
    AT_CENTRES,
    BETWEEN,
    OVERALL,
    OVERLAPS,
    Sample,
    phantom_samples,
    samples_of,
)

SPACINGS_MM = (3.0, 5.0, 8.0)  # that calibrations are fitted at
PLACES = (OVERALL, AT_CENTRES, BETWEEN)
WHERE = (*PLACES, *TISSUES)
HELD = ("held", "held_where_shown")  # of a Reliability


@dataclass(frozen=True)
class Reliability:
    """Of the doubt of one sample.

    error_hu, expected_hu: means, by WHERE. held: the share of errors within what is claimed for each of COVERAGES,
    where each tissue truly lies. held_where_shown: the same where DLS shows it, which is all that a reader sees.
    ranking: of the errors by the doubt; steps: of the same errors by how far neighbouring slices differ; bis: of the
    errors of BIS by the same, for which these are made.
    """

    volume: str
    profile: SlabProfile
    error_hu: dict[str, float]
    expected_hu: dict[str, float]
    held: dict[str, tuple[float, ...]]
    held_where_shown: dict[str, tuple[float, ...]]
    ranking: Sparsification
    steps: Sparsification
    bis: Sparsification

    @property
    def thick(self) -> str:
        """What the thick slices were like: how thick in mm, and how far apart where that differs."""
        apart = "" if self.profile.overlap == 1 else f" / {self.profile.spacing_mm:g}"
        return f"{self.profile.thickness_mm:g}{apart}"


def calibration_of(samples: Sequence[Sample], spacings_mm: Sequence[float] = SPACINGS_MM) -> Calibration:
    """The calibration that fits the samples of each of these spacings together."""
    trial = _usual_trial(samples)
    slabs = []
    for spacing_mm in sorted(spacings_mm):
        taken = [sample for sample in samples if sample.profile == SlabProfile(spacing_mm, spacing_mm)]
        told, error, places = (
            np.concatenate([getattr(sample, name) for sample in taken]) for name in ("told_hu", "error_hu", "places")
        )
        seen = [sample.seen_tissues() for sample in taken]
        tissues = {tissue: np.concatenate([masks[tissue] for masks in seen]) for tissue in TISSUES}
        times = np.concatenate([_times(sample, trial) for sample in taken])
        slabs.append(calibrate(spacing_mm, told, error, tissues, times, places))
    calibration = Calibration(tuple(slabs), trial)
    return replace(calibration, by_overlap=_overlap_factors(samples, calibration))


def _overlap_factors(samples: Sequence[Sample], calibration: Calibration) -> OverlapFactors | None:
    """Of slices with gaps and of such that overlap, by what a calibration of slices side by side expects of them, their
    places left out; None without them."""
    factors = {}
    for overlap in sorted({sample.profile.overlap for sample in samples} - {1.0}):
        taken = [sample for sample in samples if sample.profile.overlap == overlap]
        expected = [
            sample.expected_hu(replace(_calibration_for(sample, calibration), by_place=ALL_ALIKE)) for sample in taken
        ]
        places, error = (np.concatenate([getattr(sample, name) for sample in taken]) for name in ("places", "error_hu"))
        factors[overlap] = PlaceFactors.fitted(off_centre(places), np.concatenate(expected), error)
    return OverlapFactors(tuple(factors), tuple(factors.values())) if factors else None


def _calibration_for(sample: Sample, calibration: Calibration) -> SlabCalibration:
    return calibration.for_volume(sample.spacing_mm, sample.profile.overlap, sample.trial)


def _usual_trial(samples: Sequence[Sample]) -> UsualTrial | None:
    """The mean over the volumes, of the tissues that the trial told of in all of them; None where lung is not one."""
    told = list({sample.volume: sample.trials for sample in samples}.values())
    tissues = set.intersection(*({*trial} for trials in told for trial in trials or ({},)))
    if "lung" not in tissues:
        return None
    ratios = {tissue: np.mean([[trial[tissue] for trial in trials] for trials in told], axis=0) for tissue in tissues}
    return UsualTrial(OVERLAPS, {tissue: tuple(row.tolist()) for tissue, row in sorted(ratios.items())})


def _times(sample: Sample, trial: UsualTrial | None) -> np.ndarray:
    """How many times as large as usual errors are to be at each voxel of a sample."""
    times = np.ones(sample.told_hu.shape, np.float32)
    if trial:
        seen = sample.seen_tissues()
        for tissue, factor in trial.times(sample.trial, sample.profile.overlap).items():
            times[seen[tissue]] = factor
    return times


def reliability_of(sample: Sample, calibration: Calibration) -> Reliability:
    """How reliable the doubt of a sample is with a calibration that was made without it, or with it."""
    slabs = _calibration_for(sample, calibration)
    expected = sample.expected_hu(slabs)
    reaches = [slabs.reach_hu(expected, share) for share in COVERAGES]
    share = off_centre(sample.places)
    everywhere = {OVERALL: np.ones(expected.shape, bool), AT_CENTRES: share < 0.1, BETWEEN: share > 0.3}
    there = {kind: mask for kind, mask in (everywhere | sample.tissues).items() if mask.any()}

    def held(masks: dict[str, np.ndarray]) -> dict[str, tuple[float, ...]]:
        return {
            kind: tuple(coverage(sample.error_hu[mask], reach[mask]) for reach in reaches)
            for kind, mask in masks.items()
            if mask.any()
        }

    return Reliability(
        sample.volume,
        sample.profile,
        {kind: float(sample.error_hu[mask].mean()) for kind, mask in there.items()},
        {kind: float(expected[mask].mean()) for kind, mask in there.items()},
        held(there),
        held(everywhere | sample.seen_tissues()),
        sparsification(expected, sample.error_hu),
        sparsification(sample.steps_hu, sample.error_hu),
        sparsification(sample.steps_hu, sample.bis_error_hu),
    )


def crossed(samples: Sequence[Sample], spacings_mm: Sequence[float] = SPACINGS_MM) -> list[Reliability]:
    """Of each sample, calibrated on the other volumes with these spacings; on itself where it is the only volume."""

    def others(sample: Sample) -> Calibration:
        taken = [other for other in samples if other.volume != sample.volume] or samples
        return calibration_of(taken, spacings_mm)

    by_volume = {sample.volume: others(sample) for sample in samples}
    return [reliability_of(sample, by_volume[sample.volume]) for sample in samples]


def as_markdown(rows: Sequence[Reliability], together: Sequence[Reliability] = ()) -> str:
    """The tables of a model card: what is held of what is claimed, by how much that misses, and how well errors are
    ranked; of slices with gaps, and of such that overlap, by place alone. together: the same by one calibration of all
    volumes, whose misses are told beside those of `rows`."""
    claims = " | ".join(f"{share:.0%}" for share in COVERAGES)
    lines = [
        f"| volume | T (/ S) (mm) | where | mean error / HU | expected / HU | {claims} |",
        f"| --- | ---: | --- | ---: | ---: |{' ---: |' * len(COVERAGES)}",
    ]
    for row in rows:
        for kind, shares in row.held.items():
            if kind not in PLACES and row.profile.overlap != 1:
                continue
            held = " | ".join(f"{share:.1%}" for share in shares)
            means = f"{row.error_hu[kind]:.1f} | {row.expected_hu[kind]:.1f}"
            lines.append(f"| {row.volume} | {row.thick} | {kind} | {means} | {held} |")
    lines += [
        "",
        "By how many points at most what is held misses what is claimed, of slices side by side: where a tissue truly "
        f"lies, and where DLS shows it{'; then both with the calibration of all volumes' if together else ''}.",
        "",
        f"| where |{' truly | as DLS shows it |' * (2 if together else 1)}",
        f"| --- |{' ---: | ---: |' * (2 if together else 1)}",
    ]
    for kind in WHERE:
        misses = [
            _largest_miss([getattr(row, name).get(kind, ()) for row in measured if row.profile.overlap == 1])
            for measured in (rows, together)
            if measured
            for name in HELD
        ]
        lines.append(f"| {kind} | {' | '.join(misses)} |")
    lines += [
        "",
        "Squared error in the most doubtful tenth, and area to a perfect ranking (0; 1: by chance): by the doubt, by "
        "the steps between neighbouring thick slices; the last two: of the errors of BIS by these.",
        "",
        "| volume | T (/ S) (mm) | doubt: tenth | area | steps: tenth | area | BIS: tenth | area |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        ranks = (row.ranking, row.steps, row.bis)
        cells = " | ".join(f"{rank.without_tenth:.1%} | {rank.area:.3f}" for rank in ranks)
        lines.append(f"| {row.volume} | {row.thick} | {cells} |")
    return "\n".join(lines)


def _largest_miss(held: Sequence[tuple[float, ...]]) -> str:
    """In points, over all of them; "-" where there are none."""
    misses = [abs(share - claim) for shares in held for share, claim in zip(shares, COVERAGES, strict=False)]
    return f"{100 * max(misses):.1f}" if misses else "-"


def calibrate_weights(
    weights: Path, validation: Path, between_mm: Sequence[float] = (), picture: Path | None = None
) -> str:
    """The tables for a weights file; its calibration, of all validation volumes together, is written into the file.

    between_mm: spacings that are measured, too, without a calibration of their own. picture: the tables as a PNG.
    """
    spacings = sorted({*SPACINGS_MM, *between_mm})
    samples = list(samples_of(load_model(weights), validation, spacings))
    calibration = calibration_of(samples)
    with_calibration(weights, calibration)
    return _told(crossed(samples), picture, [reliability_of(sample, calibration) for sample in samples])


def measure_as_calibrated(
    weights: Path,
    volumes: Path | None = None,
    spacings_mm: Sequence[float] = SPACINGS_MM,
    picture: Path | None = None,
) -> str:
    """The tables by the calibration in a weights file: for the thin volumes of a folder, or for the phantom.

    Raises WeightsError where there is none.
    """
    model = load_model(weights)
    calibration = require_calibration(model)
    samples = samples_of(model, volumes, spacings_mm) if volumes else phantom_samples(model, spacings_mm)
    return _told([reliability_of(sample, calibration) for sample in samples], picture)


def _told(rows: Sequence[Reliability], picture: Path | None, together: Sequence[Reliability] = ()) -> str:
    if picture:
        from .doubt_figure import draw

        draw(rows, picture)
    return as_markdown(rows, together)
