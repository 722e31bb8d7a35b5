"""Sources of one key: copies of one volume, or what only bears the identifier of another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .source import Source


def each_once(found: Iterable[Source]) -> list[Source]:
    """The sources, of copies of one only the first.

    Two places with parts of one series give no volume, and neither do different images under one series UID: the
    results of one of them would stand for those of the other. That is told as the problem of the first.
    """
    sources: dict[str, Source] = {}
    for source in found:
        first = sources.setdefault(source.key, source)
        if first.left_out and source.left_out:
            continue
        problem = None
        if source.images != first.images:
            sentence = (
                "Several places hold different images under its series UID; put parts of one series into one folder, "
                "and do what are two series in two batches, each with a destination of its own."
            )
            problem = ("several_series", sentence)
        if source.slices != first.slices:
            sentence = "Several places hold different numbers of its slices; put the whole series into one folder."
            problem = ("several_places", sentence)
        if problem:
            sources[source.key] = replace(first, problem=problem, left_out="")
    return list(sources.values())
