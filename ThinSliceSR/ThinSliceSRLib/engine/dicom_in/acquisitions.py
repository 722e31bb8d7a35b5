"""The acquisitions of one series: a scanner may keep several passes over the same places under one identifier."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import replace
from pathlib import Path

import pydicom

from ..events.finding import Finding
from ..volumes.slice_steps import SAME_PLACE_MM, slice_steps
from .series import DicomSeries, DicomSlice

MOST_SCOUTS = 3
PLACE_DIGITS = 2  # of mm: slices that lie no further apart lie at one place


def acquisitions_of(series: DicomSeries) -> list[DicomSeries]:
    """The series itself if it holds one slice at each place, else its acquisitions, each named by its `part`.

    Slices that are the same to the last bit are dropped first, with a warning. The others are parted by their
    acquisition numbers or, where these do not part them, each time that a place comes again in the order of the
    instance numbers; where that does not part them either, the series stays whole, and its check tells what it holds.
    """
    series = _without_copies(_without_scouts(series))
    if not _doubled(series.slices):
        return [series]
    passes = _by_passes(series.slices)
    for parts in (_by_acquisition(series.slices), passes if _repeat_each_other(passes) else []):
        if len(parts) > 1 and all(len(part) > 1 and not _doubled(part) for part in parts):
            return [replace(series, slices=tuple(part), part=number) for number, part in enumerate(parts, start=1)]
    return [series]


def _place(item: DicomSlice) -> Hashable:
    return (*(round(float(value), PLACE_DIGITS) for value in item.position_mm), *item.row_and_column.round(2).flat)


def _doubled(slices: Iterable[DicomSlice]) -> bool:
    return max(Counter(map(_place, slices)).values(), default=0) > 1


def _by_acquisition(slices: Iterable[DicomSlice]) -> list[list[DicomSlice]]:
    """By ascending acquisition numbers; slices without one make a part of their own, which comes first."""
    parts: dict[int | None, list[DicomSlice]] = defaultdict(list)
    for item in slices:
        parts[item.acquisition].append(item)
    return [parts[number] for number in sorted(parts, key=lambda number: (number is not None, number or 0))]


def _by_passes(slices: Iterable[DicomSlice]) -> list[list[DicomSlice]]:
    """In the order of the instance numbers, a new part whenever a place comes again; each in the order of `slices`."""
    slices = list(slices)
    passes = 0
    seen: set[Hashable] = set()
    of_slice = {}
    for number in sorted(range(len(slices)), key=lambda number: slices[number].instance_number):
        place = _place(slices[number])
        if place in seen:
            passes, seen = passes + 1, set()
        seen.add(place)
        of_slice[number] = passes
    parts: list[list[DicomSlice]] = [[] for _ in range(passes + 1)]
    for number, item in enumerate(slices):
        parts[of_slice[number]].append(item)
    return parts


def _repeat_each_other(parts: list[list[DicomSlice]]) -> bool:
    """Whether the parts lie at the same places, most of them: a slice that is there twice makes no second pass."""
    first = set(map(_place, parts[0]))
    return all(2 * len(first & set(map(_place, part))) > max(len(part), len(first)) for part in parts)


def _without_scouts(series: DicomSeries) -> DicomSeries:
    """The series without a few slices of another orientation, as scouts are, if the others are whole without them."""
    orientations = defaultdict(list)
    for item in series.slices:
        orientations[tuple(item.row_and_column.round(1).ravel() + 0.0)].append(item)
    stack = max(orientations.values(), key=len, default=[])
    few = len(series.slices) - len(stack)
    if not 0 < few <= max(MOST_SCOUTS, len(stack) // 10) or len(stack) <= few:
        return series
    normal = stack[0].normal
    stack = sorted(stack, key=lambda item: (float(item.position_mm @ normal), item.instance_number))
    positions = tuple(float(item.position_mm @ normal) for item in stack)
    if positions[-1] - positions[0] <= SAME_PLACE_MM:
        return series
    steps = slice_steps(positions)
    if steps.missing_mm or steps.uneven_mm:
        return series
    message = f"{few} of the images of the series are turned another way (as scouts are) and were left out."
    warning = Finding("warning", "scouts_left_out", message)
    return replace(series, slices=tuple(stack), warnings=(*series.warnings, warning))


def _without_copies(series: DicomSeries) -> DicomSeries:
    """The series without slices at one place whose pixels are the same; as it is where its files cannot be read now."""
    at_place = defaultdict(list)
    for item in series.slices:
        at_place[_place(item)].append(item)
    copies = set()
    for together in at_place.values():
        contents = set()
        for item in together if len(together) > 1 else ():
            content = _content(item)
            if content is not None and content in contents:
                copies.add(id(item))
            contents.add(content)
    if not copies:
        return series
    message = f"{len(copies)} of the slices are copies of others, the same to the last bit, and were left out."
    return replace(
        series,
        slices=tuple(item for item in series.slices if id(item) not in copies),
        warnings=(*series.warnings, Finding("warning", "copies_left_out", message)),
    )


def _content(item: DicomSlice) -> Hashable | None:
    """What tells the pixels and the rescale of a slice from others; None where the file cannot be read, as in a ZIP."""
    path: Path = item.path
    if item.frame is not None or not path.is_file():
        return None
    try:
        pixels = pydicom.dcmread(path, specific_tags=["PixelData"], force=True).get("PixelData")
    except Exception:  # noqa: BLE001 (whatever pydicom runs into, reading the slice tells of it)
        return None
    return None if not pixels else (hashlib.sha256(pixels).digest(), item.rescale, item.shape)
