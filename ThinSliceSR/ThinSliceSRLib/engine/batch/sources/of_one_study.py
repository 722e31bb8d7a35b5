"""Of the thick chest CT of one study a batch takes the thickest, and tells of the others why they are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...dicom_in.thickest import thicker_one
from .source import Source


def thickest_of_each_study(sources: Sequence[Source]) -> list[Source]:
    """The sources in their order; left out is each one in whose study there is one that is taken in its place."""
    known = [source for source in sources if source.stack and not source.problem and not source.left_out]
    stacks = [source.stack for source in known if source.stack]

    def judged(source: Source) -> Source:
        if not source.stack or source.problem or source.left_out:
            return source
        number = thicker_one(source.stack, stacks)
        if number is None:
            return source
        reason = (
            f"Its study holds a thicker series, which is taken: {known[number].series} "
            f"({stacks[number].thickness_mm:.3g} mm, not {source.stack.thickness_mm:.3g} mm); --all-series takes both."
        )
        return replace(source, left_out=reason)

    return [judged(source) for source in sources]
