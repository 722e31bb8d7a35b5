"""Files that have one series identifier and yet are of several scans, or of no scan, as careless exports leave them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from ...events.finding import Finding
from ..series import DicomSeries
from ..series_choice import is_derived

# What all images of one volume have in common; a series has one frame of reference and one modality (PS3.3 A.1.2.3).
IN_COMMON: dict[str, Callable[[DicomSeries], str]] = {
    "patient": lambda series: series.patient,
    "study": lambda series: series.study_uid,
    "frame of reference": lambda series: series.frame_of_reference,
    "modality": lambda series: series.modality,
    "image type": lambda series: "derived" if is_derived(series) else "plain",
}


def volumes_of(files: list[DicomSeries]) -> list[list[DicomSeries]]:
    """What single files hold of one series, those together that may be of one volume, with a warning if not all are.

    What differs from slice to slice parts nothing, as programs that make data anonymous may invent an identifier for
    each file, but is warned of.
    """
    images = sum(len(file.slices) + file.without_place for file in files)
    differing = {
        name: count
        for name, told in IN_COMMON.items()
        if (count := len({told(file) for file in files} - {""})) > 1  # what is not told says nothing
    }
    parting = [name for name, count in differing.items() if 2 * count <= images]
    volumes = defaultdict(list)
    for file in files:
        volumes[tuple(IN_COMMON[name](file) for name in parting)].append(file)
    if not differing:
        return [files]
    if parting:
        message = (
            f"The files of the series differ in {' and '.join(parting)}, so they are not one volume; they were taken "
            "apart, and this is one part of them."
        )
    else:
        message = (
            f"The files of the series differ in {' and '.join(differing)} from one to the next; make sure that they "
            "are of one scan."
        )
    warning = Finding("warning", "series_mixed", message)
    first = (replace(volumes[key][0], warnings=(*volumes[key][0].warnings, warning)) for key in sorted(volumes))
    return [[told, *volumes[key][1:]] for told, key in zip(first, sorted(volumes), strict=True)]
