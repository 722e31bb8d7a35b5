"""The acquisitions of one series: a scanner may keep several under one identifier, over the same places or between."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from statistics import median_low

from ...events.finding import Finding
from ...volumes.slice_steps import SAME_PLACE_MM, STEP_TOLERANCE_MM, slice_steps
from ..series import DicomSeries, DicomSlice
from .copies import Opener, without_copies
from .places import Places, lie_alike

MOST_SCOUTS = 3
# Of the reach of a series: what stretches over less is a section of it, and no volume between the slices of another.
LEAST_REACH = 0.5
GAP_OVERLAP = 0.9  # slices see a little beyond their nominal thickness


def acquisitions_of(series: DicomSeries, open_file: Opener) -> list[DicomSeries]:
    """The series itself if it is one stack of slices, else the stacks that it holds, in the order of what parts them.

    Copies are dropped first, with a warning. The others are parted by their reconstruction kernels, thicknesses or
    acquisition numbers where each of these makes an even stack through most of the series, be it at the places of the
    others or between them; but a scan that made every other slice first and then those between stays whole. Several
    slices at one place are parted by acquisition numbers in any case, or else each time that a place comes again in the
    order of the instance numbers. Where nothing parts them the series stays whole, and its check tells what it holds.
    """
    series = without_copies(_without_scouts(series), open_file)
    stacks = _stacks(series.slices, Places(series.slices))
    return [_with_differences_told(replace(series, slices=tuple(stack))) for stack in stacks]


def _stacks(slices: Sequence[DicomSlice], places: Places) -> list[Sequence[DicomSlice]]:
    parts = next(_ways_to_part(slices, places), None)
    return [slices] if parts is None else [stack for part in parts for stack in _stacks(part, places)]


def _ways_to_part(slices: Sequence[DicomSlice], places: Places) -> Iterator[list[list[DicomSlice]]]:
    by_acquisition = _by(slices, lambda item: (item.acquisition is not None, item.acquisition or 0))
    for parts in (_by(slices, lambda item: item.kernel), _by_thickness(slices), by_acquisition):
        through = all(_is_even(part) and _reach(part) >= LEAST_REACH * _reach(slices) for part in parts)
        if len(parts) > 1 and through and not (_is_even(slices) and any(map(_has_gaps, parts))):
            yield parts
    if places.doubled(slices):
        passes = _by_passes(slices, places)
        for parts in (by_acquisition, passes if _repeat_each_other(passes, places) else []):
            if len(parts) > 1 and all(len(part) > 1 and not places.doubled(part) for part in parts):
                yield parts


def _by(slices: Sequence[DicomSlice], told: Callable[[DicomSlice], Hashable]) -> list[list[DicomSlice]]:
    """The slices of which the same is told together, by ascending order of that."""
    parts: dict[Hashable, list[DicomSlice]] = defaultdict(list)
    for item in slices:
        parts[told(item)].append(item)
    return [parts[key] for key in sorted(parts)]  # type: ignore[type-var]  # keys of one kind


def _by_thickness(slices: Sequence[DicomSlice]) -> list[list[DicomSlice]]:
    parts: list[list[DicomSlice]] = []
    thickest = -math.inf
    for item in sorted(slices, key=lambda item: item.thickness_mm or 0.0):
        thickness = item.thickness_mm or 0.0
        if thickness - thickest > STEP_TOLERANCE_MM:
            parts.append([])
        parts[-1].append(item)
        thickest = thickness
    order = {id(item): number for number, item in enumerate(slices)}
    return [sorted(part, key=lambda item: order[id(item)]) for part in parts]


def _by_passes(slices: Sequence[DicomSlice], places: Places) -> list[list[DicomSlice]]:
    """In the order of the instance numbers, a new part whenever a place comes again; each in the order of `slices`."""
    passes = 0
    seen: set[int] = set()
    of_slice = {}
    for number in sorted(range(len(slices)), key=lambda number: slices[number].instance_number):
        place = places.of(slices[number])
        if place in seen:
            passes, seen = passes + 1, set()
        seen.add(place)
        of_slice[number] = passes
    parts: list[list[DicomSlice]] = [[] for _ in range(passes + 1)]
    for number, item in enumerate(slices):
        parts[of_slice[number]].append(item)
    return parts


def _repeat_each_other(parts: list[list[DicomSlice]], places: Places) -> bool:
    """Whether the parts lie at the same places, most of them: a slice that is there twice makes no second pass."""
    first = set(map(places.of, parts[0]))
    return all(2 * len(first & set(map(places.of, part))) > max(len(part), len(first)) for part in parts)


def _heights_mm(slices: Sequence[DicomSlice]) -> tuple[float, ...]:
    """Along the normal of the first slice, ascending."""
    return tuple(sorted(float(item.position_mm @ slices[0].normal) for item in slices))


def _reach(slices: Sequence[DicomSlice]) -> float:
    heights = _heights_mm(slices)
    return heights[-1] - heights[0]


def _is_even(slices: Sequence[DicomSlice]) -> bool:
    """Whether these are a stack of at least two slices of which none is missing, doubled or out of step."""
    if len(slices) < 2 or _reach(slices) <= SAME_PLACE_MM:
        return False
    steps = slice_steps(_heights_mm(slices))
    return not (steps.missing_mm or steps.uneven_mm or steps.doubled_mm)


def _has_gaps(slices: Sequence[DicomSlice]) -> bool:
    """Whether the slices leave room between them, by their thickness."""
    told = [item.thickness_mm for item in slices if item.thickness_mm is not None]
    return bool(told) and GAP_OVERLAP * slice_steps(_heights_mm(slices)).step_mm > median_low(told)


def _without_scouts(series: DicomSeries) -> DicomSeries:
    """The series without a few slices of another orientation, as scouts are, if the others are whole without them."""
    orientations: list[list[DicomSlice]] = []
    for item in series.slices:
        stack = next((stack for stack in orientations if lie_alike(stack[0], item)), None)
        if stack is None:
            orientations.append(stack := [])
        stack.append(item)
    stack = max(orientations, key=len, default=[])
    few = len(series.slices) - len(stack)
    if not 0 < few <= max(MOST_SCOUTS, len(stack) // 10) or len(stack) <= few:
        return series
    normal = stack[0].normal
    stack = sorted(stack, key=lambda item: (float(item.position_mm @ normal), item.instance_number))
    if _reach(stack) <= SAME_PLACE_MM:
        return series
    steps = slice_steps(_heights_mm(stack))
    if steps.missing_mm or steps.uneven_mm:
        return series
    message = f"{few} of the images of the series are turned another way (as scouts are) and were left out."
    warning = Finding("warning", "scouts_left_out", message)
    return replace(series, slices=tuple(stack), warnings=(*series.warnings, warning))


def _with_differences_told(series: DicomSeries) -> DicomSeries:
    """The series with a warning where its slices were not all made alike."""
    thickness = [item.thickness_mm for item in series.slices if item.thickness_mm is not None]
    differences = []
    if thickness and max(thickness) - min(thickness) > STEP_TOLERANCE_MM:
        differences.append(
            f"thickness ({min(thickness):.3g} to {max(thickness):.3g} mm, mostly {median_low(thickness):.3g})"
        )
    if len({item.kernel for item in series.slices}) > 1:
        differences.append("reconstruction kernel")
    if not differences:
        return series
    message = (
        f"The slices of the series differ in {' and '.join(differences)}, as when two series are mixed; look at the "
        "result with care."
    )
    return replace(series, warnings=(*series.warnings, Finding("warning", "slices_differ", message)))
