"""Synthetic volumes against the true thin slices: the measures of each method on each case, and of all together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import ThinSliceError, UnusableInput
from ..files.reading import read_volume
from ..findings.on_values import on_values
from ..volumes.no_numbers import with_air_for_no_numbers
from ..volumes.value_scale import in_hu
from ..volumes.volume import Volume
from .cases import TRUTH, Case
from .lung_mask import lung_mask
from .metrics import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    WINDOW_SIZE,
    mean_absolute_error,
    psnr,
    ssim,
    without_outer_slices,
)
from .same_grid import common_slices, in_patient_order, slices_of
from .statistics import FEWEST_VOLUMES_TO_TEST, Median, PairedTest, median_with_interval, paired_tests
from .stripes import slab_frequency_energy, slab_frequency_energy_of_changes

# Measure → its heading. The stripe measures are compared with those of the truth, not tested: neither high nor low
# values are good.
TESTED_MEASURES = {
    "psnr_db": "PSNR / dB",
    "ssim_axial": "SSIM ax",
    "ssim_coronal": "SSIM cor",
    "ssim_sagittal": "SSIM sag",
    "psnr_lungs_db": "lung PSNR",
    "ssim_lungs": "lung SSIM",
    "mean_absolute_error_hu": "|error| HU",
}
STRIPE_MEASURES = {"slab_frequency_energy": "stripes", "slab_frequency_energy_of_changes": "steps"}
MEASURES = {**TESTED_MEASURES, **STRIPE_MEASURES}

Show = Callable[[Case, Volume, Mapping[str, Volume]], object]


@dataclass(frozen=True)
class Scores:
    """The measures (by the keys of MEASURES) of one method on one case; None where one cannot be taken.

    The method "truth" is the true volume itself, of which only the stripe measures are taken.
    """

    case: str
    method: str
    values: dict[str, float | None]


@dataclass(frozen=True)
class Evaluation:
    """Scores of each case and method, their medians (method → measure), tests between methods, and what to know."""

    scores: list[Scores]
    medians: dict[str, dict[str, Median]]
    tests: list[PairedTest]
    notes: list[str]


def evaluate(
    cases: Sequence[Case],
    on_case: Callable[[int], None] | None = None,
    show: Show | None = None,
    seed: int = 0,
    values: str | None = None,
) -> Evaluation:
    """Measures every method on every case, without the first and last 5 of the slices that all methods have.

    on_case: told how many cases are done. show: given a case, its truth and its methods' volumes, both cut to the
    slices that were measured. seed: of the bootstrap. values: on which of the `SCALES` those volumes are that cannot be
    HU; None refuses them. Raises UnusableInput when volumes cannot be read or compared.
    """
    scores: list[Scores] = []
    notes: list[str] = []
    for done, case in enumerate(cases, start=1):
        truth, candidates, lungs = _read(case, values)
        if lungs is None:
            notes.append(f"{case.name}: no lungs were found, so nothing is told of them.")
        scores += _scores(case, truth, candidates, lungs, notes)
        if show:
            show(case, truth, candidates)
        if on_case:
            on_case(done)
    return Evaluation(scores, _medians(scores, seed), _tests(scores, notes), notes)


def values_of(scores: Sequence[Scores], method: str, measure: str) -> list[float]:
    """What a method reached by a measure, case after case, where it could be taken."""
    taken = [row.values[measure] for row in scores if row.method == method]
    return [value for value in taken if value is not None]


def _read(case: Case, values: str | None) -> tuple[Volume, dict[str, Volume], np.ndarray | None]:
    """The truth and the candidates on their common slices less the outer 5 of both ends, and where the lungs are.

    None in place of lungs in which nothing could be measured.
    """
    truth = _in_hu(case.truth, f"{case.name}, {TRUTH}", values)
    axis = truth.through_plane_axis
    truth = truth.stacked_along_k(axis)
    candidates = {
        name: _in_hu(path, f"{case.name}, {name}", values).stacked_along_k(axis) for name, path in case.methods.items()
    }
    common, candidates = common_slices(truth, candidates)
    measured = common.start + without_outer_slices(np.arange(common.stop - common.start))
    if len(measured) < WINDOW_SIZE:
        raise UnusableInput(
            f"{case.name}: of {common.stop - common.start} slices {len(measured)} are left without the outer ones, and "
            f"SSIM needs {WINDOW_SIZE}; compare larger volumes.",
            "too_small",
        )
    kept = slice(int(measured[0]), int(measured[-1]) + 1)
    in_candidate = slice(kept.start - common.start, kept.stop - common.start)
    whole_lungs = replace(truth, hu=lung_mask(truth))  # of the whole truth, which shows lungs better than a part
    lungs = in_patient_order(slices_of(whole_lungs, kept)).hu
    return (
        slices_of(truth, kept),
        {name: slices_of(candidate, in_candidate) for name, candidate in candidates.items()},
        lungs if _measurable(lungs) else None,
    )


def _in_hu(path: Path, label: str, values: str | None) -> Volume:
    """The volume of a file in HU. values: see `evaluate`. Raises UnusableInput (`not_hu`, `not_finite` …)."""
    volume = read_volume(path)
    for finding in on_values(volume):
        if finding.code == "not_hu" and values is not None:
            volume = in_hu(volume, values)
        elif finding.code in ("not_hu", "not_finite"):
            raise UnusableInput(f"{label}: {finding.message}", finding.code)
    return with_air_for_no_numbers(volume)


def _measurable(lungs: np.ndarray) -> bool:
    """Whether SSIM windows of axial planes are centred in the lungs."""
    border = WINDOW_SIZE // 2
    return bool(lungs[:, border:-border, border:-border].any())


def _scores(
    case: Case, truth: Volume, candidates: Mapping[str, Volume], lungs: np.ndarray | None, notes: list[str]
) -> list[Scores]:
    """The rows of a case; adds a note for each volume whose stripes cannot be measured."""
    own = _stripes(truth, f"{case.name}, {TRUTH}", notes)
    rows = [Scores(case.name, TRUTH, {**dict.fromkeys(TESTED_MEASURES), **own})]
    true_hu = in_patient_order(truth).hu
    for name, candidate in candidates.items():
        hu = in_patient_order(candidate).hu
        values = {
            "psnr_db": psnr(hu, true_hu),
            "ssim_axial": ssim(hu, true_hu, AXIAL),
            "ssim_coronal": ssim(hu, true_hu, CORONAL),
            "ssim_sagittal": ssim(hu, true_hu, SAGITTAL),
            "psnr_lungs_db": None if lungs is None else psnr(hu, true_hu, lungs),
            "ssim_lungs": None if lungs is None else ssim(hu, true_hu, AXIAL, lungs),
            "mean_absolute_error_hu": mean_absolute_error(hu, true_hu),
        }
        stripes = _stripes(candidate, f"{case.name}, {name}", notes)
        rows.append(Scores(case.name, name, {**values, **stripes}))
    return rows


def _stripes(volume: Volume, label: str, notes: list[str]) -> dict[str, float | None]:
    """The stripe measures along k, the slices' axis whatever the patient's order."""
    try:
        measured = slab_frequency_energy(volume.hu), slab_frequency_energy_of_changes(volume.hu)
    except UnusableInput as error:  # too short, or without any noise, as a phantom may be: the rest can be measured
        notes.append(f"{label}: {error}")
        return dict.fromkeys(STRIPE_MEASURES)
    return dict(zip(STRIPE_MEASURES, measured, strict=True))


def _medians(scores: Sequence[Scores], seed: int) -> dict[str, dict[str, Median]]:
    medians: dict[str, dict[str, Median]] = {}
    for method in dict.fromkeys(row.method for row in scores):
        taken = {measure: values_of(scores, method, measure) for measure in MEASURES}
        medians[method] = {name: median_with_interval(values, seed) for name, values in taken.items() if values}
    return medians


def _tests(scores: Sequence[Scores], notes: list[str]) -> list[PairedTest]:
    """Tests between methods; a note says why there are none."""
    methods = [method for method in dict.fromkeys(row.method for row in scores) if method != TRUTH]
    if len(methods) < 2:
        return []
    values = {
        measure: {method: values_of(scores, method, measure) for method in methods} for measure in TESTED_MEASURES
    }
    try:
        tests = paired_tests(values)
    except ThinSliceError as error:
        notes.append(str(error))
        return []
    if not tests:
        notes.append(f"Methods are tested against each other from {FEWEST_VOLUMES_TO_TEST} volumes on.")
    return tests
