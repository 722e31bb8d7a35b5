"""A reader's table: what becomes of simulated nodules in thick slices, BIS and DLS, and what the doubt tells of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.doubt.expected_error import expected_error
from ThinSliceSRLib.engine.doubt.structures import LEAST_DOUBT_HU, Structure, find_structures, lungs_of
from ThinSliceSRLib.engine.doubt.trial import lung_trial
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.reliability import area_under_roc
from ThinSliceSRLib.engine.synthesis.memory_ladder import rungs_from
from ThinSliceSRLib.engine.synthesis.resampling import interpolate, places_at, resample_slices
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model, load_model

from ..data.volumes import THIN_MM, find_volumes, read_thin_volume
from .nodules import DENSE_HU, KINDS, SMOOTHED_MM, Nodule, ball_box, put_nodules

THICK_MM = 5.0
METHODS = ("thick", "BIS", "DLS")
SIZES_MM = ((3.0, 5.0), (5.0, 7.0), (7.0, 10.0))
DIAMETER_SHARE, HU_RANGE, VOLUME_SHARE = 0.2, 100.0, 0.25  # within which a reading is right
LOST_SHARE = 0.25  # of its volume: what has less is lost
AROUND_MM = 5.0  # to which a border may be wrong
NAMED_MM = 2.0  # from the surface of a nodule to the place that is listed
ROUNDS = 10
LEAST_DOUBTS_HU = (LEAST_DOUBT_HU, 60.0, 80.0, 100.0)


@dataclass(frozen=True)
class Reading:
    """What is measured of a nodule; nothing of it where it cannot be seen (volume 0).

    diameter_mm: mean of those of discs as large as its widest axial, coronal and sagittal section. hu: mean of what
    lies within half its radius.
    """

    diameter_mm: float
    hu: float
    volume_mm3: float


@dataclass(frozen=True)
class Finding:
    """A nodule, what the true thin slices show of it and what the methods do. named: whether the list names its place,
    by the expected error from which on the list goes. doubt_hu, relative_doubt: the largest of the places that the list
    names at it; 0 where there are none."""

    nodule: Nodule
    truth: Reading
    readings: dict[str, Reading]
    named: dict[float, bool]
    volume: str = ""
    doubt_hu: float = 0.0
    relative_doubt: float = 0.0


@dataclass
class Measured:
    """invented: number of nodules per method that are none, over all volumes. listed: places that the lists name, by
    the expected error from which on they go; empty where the model tells no doubt. lung_ml: that was looked through.
    """

    findings: list[Finding] = field(default_factory=list)
    invented: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    listed: dict[float, int] = field(default_factory=dict)
    lung_ml: float = 0.0


def measure_nodules(weights: Path, validation: Path, count: int = 210, seed: int = 0) -> Measured:
    """At least `count` nodules in the thin volumes of the folder, in as many rounds as they need room for.

    Raises UnusableInput when the lungs are too small for that.
    """
    model = load_model(weights)
    volumes = [(path.name, read_thin_volume(path)) for path in find_volumes(validation)]
    measured = Measured()
    for number in range(ROUNDS * len(volumes)):
        lacking = count - len(measured.findings)
        if lacking <= 0:
            return measured
        turn = number % len(volumes)
        share = math.ceil(lacking / (len(volumes) - turn))
        _measure(model, *volumes[turn], share, seed + number, measured)
    raise UnusableInput("The lungs in these volumes are too small for so many nodules; give more volumes, or fewer.")


def _measure(model: Model, name: str, thin: Volume, count: int, seed: int, measured: Measured) -> None:
    truth, nodules, lungs = put_nodules(thin, count, seed)
    thick = simulate_thick(truth, SlabProfile(THICK_MM, THICK_MM))
    rungs = rungs_from(choose_device("auto", "auto"), "auto", model.configuration, OVERLAPPED)
    calibration = model.calibration if model.configuration.doubt_channels else None
    made = synthesize(thick, model, rungs, doubt=calibration is not None)
    places = places_at(THIN_MM, thick)
    volumes = {
        "thick": thick.on_slice_grid(thick.hu[np.rint(places).astype(int)], THIN_MM),
        "BIS": interpolate(thick, places),
        "DLS": resample_slices(made.dls, THIN_MM),
    }
    listed: dict[float, list[Structure]] = {}
    if made.doubt and calibration:
        for_thick = calibration.for_volume(THICK_MM, 1.0, lung_trial(thick, model, rungs))
        doubt = expected_error(made.doubt, volumes["DLS"], for_thick, places)
        compared = (volumes["DLS"], volumes["BIS"], doubt)
        searched = lungs_of(volumes["DLS"])
        for least_hu in LEAST_DOUBTS_HU:
            listed[least_hu] = find_structures(*compared, searched, least_hu)
            measured.listed[least_hu] = measured.listed.get(least_hu, 0) + len(listed[least_hu])
    slices = len(places)
    truth, lungs = truth.on_slice_grid(truth.hu[:slices], THIN_MM), lungs[:slices]
    for nodule in nodules:
        readings = {method: read_nodule(volume, nodule) for method, volume in volumes.items()}
        named = {
            least_hu: any(_is_at(structure, nodule, truth) for structure in structures)
            for least_hu, structures in listed.items()
        }
        at_it = [structure for structure in listed.get(LEAST_DOUBT_HU, []) if _is_at(structure, nodule, truth)]
        doubts = [
            max((getattr(place, kind) for place in at_it), default=0.0) for kind in ("doubt_hu", "relative_doubt")
        ]
        measured.findings.append(Finding(nodule, read_nodule(truth, nodule), readings, named, name, *doubts))
    dense = _dense(truth)
    for method, volume in volumes.items():
        measured.invented[method] += invented(_dense(volume) & lungs, dense, truth.spacing_mm)
    measured.lung_ml += float(np.count_nonzero(lungs) * np.prod(truth.spacing_mm)) / 1000


def read_nodule(volume: Volume, nodule: Nodule) -> Reading:
    """What a volume shows of a nodule: the part at its centre that is denser than halfway between lung and nodule."""
    radius = nodule.diameter_mm / 2
    box, distance_mm = ball_box(volume, nodule.centre, radius + AROUND_MM)
    hu = volume.hu[box].astype(np.float32)
    seen = (hu > (nodule.outer_hu + nodule.around_hu) / 2) & (distance_mm <= radius + AROUND_MM)
    parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(seen.astype(np.uint8))))
    core = distance_mm <= max(radius / 2, THIN_MM)
    in_core = np.bincount(parts[core], minlength=2)
    in_core[0] = 0
    if not in_core.any():
        return Reading(0.0, float(hu[core].mean()), 0.0)
    part = parts == in_core.argmax()
    i_mm, j_mm, k_mm = volume.spacing_mm
    areas = [
        part.sum(axes).max() * pixel_mm2
        for axes, pixel_mm2 in (((1, 2), i_mm * j_mm), ((0, 2), i_mm * k_mm), ((0, 1), j_mm * k_mm))
    ]
    diameter = float(np.mean([math.sqrt(4 * area / math.pi) for area in areas]))
    return Reading(diameter, float(hu[core].mean()), float(part.sum() * np.prod(volume.spacing_mm)))


def is_lost(reading: Reading, truth: Reading) -> bool:
    """Whether too little of a nodule is left to be seen."""
    return reading.volume_mm3 < LOST_SHARE * truth.volume_mm3


def right(reading: Reading, truth: Reading) -> dict[str, bool]:
    """Which of diameter, HU and volume come out as in the true thin slices."""
    return {
        "diameter": abs(reading.diameter_mm - truth.diameter_mm) <= DIAMETER_SHARE * truth.diameter_mm,
        "HU": abs(reading.hu - truth.hu) <= HU_RANGE,
        "volume": abs(reading.volume_mm3 - truth.volume_mm3) <= VOLUME_SHARE * truth.volume_mm3,
    }


def invented(dense: np.ndarray, truly_dense: np.ndarray, spacing_mm: Sequence[float]) -> int:
    """How many connected dense parts, as large as balls of 3 to 10 mm, have not one voxel that is truly dense."""
    parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(dense.astype(np.uint8))))
    counts, true_counts = (
        np.bincount(parts[mask], minlength=int(parts.max()) + 1) for mask in (dense, dense & truly_dense)
    )
    sizes_mm = np.cbrt(counts * float(np.prod(spacing_mm)) * 6 / np.pi)
    return int(np.count_nonzero((sizes_mm >= SIZES_MM[0][0]) & (sizes_mm <= SIZES_MM[-1][1]) & (true_counts == 0)))


def _dense(volume: Volume) -> np.ndarray:
    image = sitk.SmoothingRecursiveGaussian(sitk.Cast(volume.to_image(), sitk.sitkFloat32), SMOOTHED_MM)
    return sitk.GetArrayFromImage(image > DENSE_HU).astype(bool)


def _is_at(structure: Structure, nodule: Nodule, volume: Volume) -> bool:
    apart = (np.array(structure.index) - nodule.centre) * volume.spacing_mm
    return bool(np.linalg.norm(apart) <= nodule.diameter_mm / 2 + NAMED_MM)


def as_markdown(measured: Measured) -> str:
    """The tables of a model card."""
    kinds = ("diameter", "HU", "volume", "lost")
    lines = [
        f"{len(measured.findings)} simulated nodules, thick slices of {THICK_MM:g} mm. Right: diameter within "
        f"{DIAMETER_SHARE:.0%}, HU within {HU_RANGE:.0f}, volume within {VOLUME_SHARE:.0%} of what the true thin "
        f"slices show. Lost: less than {LOST_SHARE:.0%} of its volume is left.",
        "",
        "| nodules | diameter (mm) | n | "
        + " | ".join(f"{method}: {kind}" for method in METHODS for kind in kinds)
        + " |",
        "| --- | --- | ---: |" + " ---: |" * (len(METHODS) * len(kinds)),
    ]
    groups = _groups(measured.findings)
    for kind, size, findings in groups:
        cells = []
        for method in METHODS:
            rights = [right(finding.readings[method], finding.truth) for finding in findings]
            cells += [_share([told[measure] for told in rights]) for measure in kinds[:3]]
            cells.append(_share([is_lost(finding.readings[method], finding.truth) for finding in findings]))
        lines.append(f"| {kind} | {size} | {len(findings)} | {' | '.join(cells)} |")
    litres = measured.lung_ml / 1000
    lines += ["", "| invented | " + " | ".join(METHODS) + " |", "| --- |" + " ---: |" * len(METHODS)]
    lines.append(
        f"| in {litres:.1f} l of lung | " + " | ".join(str(measured.invented[name]) for name in METHODS) + " |"
    )
    if not measured.listed:
        return "\n".join([*lines, "", "The model tells no doubt, so there is no list of places."])
    wrong, others = (
        [finding for finding in measured.findings if _all_right(finding) is is_right] for is_right in (False, True)
    )
    lines += [
        "",
        "| list from an expected error of | places per litre | named of those wrong in DLS | named of others |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for least_hu, places in measured.listed.items():
        shares = (_share([finding.named[least_hu] for finding in part]) for part in (wrong, others))
        lines.append(f"| {least_hu:.0f} HU | {places / litres:.0f} | {' | '.join(shares)} |")
    lines += [
        "",
        "How well the list tells nodules that are wrong in DLS from right ones: area under the ROC (0.5: by chance) by",
        "the expected error of their places, and by its share of the contrast, by which the list is sorted; in",
        "brackets of those alone that it names.",
        "",
        "| volume | wrong | right | expected error | share of the contrast |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(_told_apart(name, measured.findings) for name in dict.fromkeys(found.volume for found in measured.findings)),
        "",
        f"Of the list from {LEAST_DOUBT_HU:.0f} HU on:",
        "",
        "| nodules | diameter (mm) | wrong in DLS | named of these | right in DLS | named of these |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for kind, size, findings in groups:
        named = [
            [finding.named[LEAST_DOUBT_HU] for finding in findings if _all_right(finding) is is_right]
            for is_right in (False, True)
        ]
        lines.append(f"| {kind} | {size} | {' | '.join(f'{len(part)} | {_share(part)}' for part in named)} |")
    return "\n".join(lines)


def _told_apart(volume: str, findings: Sequence[Finding]) -> str:
    """A line of the table of how well the list tells wrong nodules of a volume from right ones."""
    held = [finding for finding in findings if finding.volume == volume]
    wrong = np.array([not _all_right(finding) for finding in held])
    named = np.array([finding.named[LEAST_DOUBT_HU] for finding in held])
    cells = []
    for kind in ("doubt_hu", "relative_doubt"):
        scores = np.array([getattr(finding, kind) for finding in held])
        areas = area_under_roc(scores, wrong), area_under_roc(scores[named], wrong[named])
        cells.append("{:.2f} ({:.2f})".format(*areas))
    return f"| {volume} | {wrong.sum()} | {(~wrong).sum()} | {' | '.join(cells)} |"


def _all_right(finding: Finding) -> bool:
    return all(right(finding.readings["DLS"], finding.truth).values())


def _groups(findings: Sequence[Finding]) -> list[tuple[str, str, list[Finding]]]:
    """The findings of each kind and size, then all of them."""
    groups = []
    for kind in KINDS:
        of_kind = [finding for finding in findings if finding.nodule.kind == kind]
        for low, high in SIZES_MM:
            within = np.nextafter(high, np.inf) if high == SIZES_MM[-1][1] else high  # the largest belong to the last
            held = [finding for finding in of_kind if low <= finding.nodule.diameter_mm < within]
            groups.append((kind, f"{low:g}–{high:g}", held))
    return [*groups, ("all", f"{SIZES_MM[0][0]:g}–{SIZES_MM[-1][1]:g}", list(findings))]


def _share(told: Sequence[bool]) -> str:
    return f"{np.mean(told):.0%}" if told else "–"
