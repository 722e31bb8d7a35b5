"""What the engine says of a volume and of memory, in the language of the panel.

The engine speaks English, to the command line too. Here each of its sentences stands as a template, by which it is
known again. What stands in the places of the braces goes into the translation as it is, so the numbers cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from slicer.i18n import tr


def translated(sentence: str) -> str:
    """The engine's sentence in the language of the panel; as it is, where it is none of those below."""
    for template, translation in zip(sentences(str), sentences(tr), strict=True):
        values = _values(template, sentence)
        if values is not None:
            return translation.format(**{name: _translated_value(value) for name, value in values.items()})
    return sentence


def _translated_value(value: str) -> str:
    for template, translation in zip(_phrases(str), _phrases(tr), strict=True):
        values = _values(template, value)
        if values is not None:
            return translation.format(**values)
    return value


def _values(template: str, text: str) -> dict[str, str] | None:
    """What stands in `text` for each name in braces; None when the text is not of this template."""
    match = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(template)), text)
    return match and match.groupdict()


def sentences(_: Callable[[str], str]) -> list[str]:
    """The templates; `_` translates them, or leaves them English. Their context is this file, which calls `_`."""
    return [
        _(
            "The origin, the spacing or the directions of the volume are no numbers of a place in a patient; copy or "
            "export it again, or correct its header."
        ),
        _("The volume has fewer than 2 slices; give the whole series."),
        _("The series is {modality}, not CT; choose a CT series."),
        _("The series does not say whether it is CT (it has no modality); choose a CT series, or export it again."),
        _("The series is synthetic, so no scanner measured what it shows; choose the series that it is made of."),
        _(
            "The gantry was tilted by {degrees} degrees; the slices are moved within their planes onto an upright "
            "grid, so the result has other edges than the input."
        ),
        _(
            "The slices are sheared by {degrees} degrees (a tilted gantry, for example); resample the volume to right "
            "angles first."
        ),
        _(
            "The slices are not axial (they are stacked {degrees} degrees off the head-foot axis), but the network is "
            "made for axial ones; use the axial series if there is one."
        ),
        _("Slices are missing at {positions} mm; export the whole series again."),
        _("More than one slice lies at {positions} mm; choose a series with one slice at each position."),
        _(
            "The slices are not evenly spaced: the step after {positions} mm is not the usual {step} mm, as when two "
            "series are mixed; choose an evenly spaced series."
        ),
        _(
            "The steps between the slices drift, so slices lie up to {most} mm off the even grid of the result; do not "
            "measure across slices there, or choose an evenly spaced series."
        ),
        _(
            "The slices are only {spacing} mm apart, so they are thin already; use this volume as it is, or make "
            "thinner ones all the same (synthesize --force)."
        ),
        _(
            "The slices are only {spacing} mm apart, so they are thin already; compare the result with this volume "
            "itself."
        ),
        _("The slices are {spacing} mm apart, but the network is made for 2 to 10 mm; look at the result with care."),
        _(
            "The file does not say how thick its slices are, so they are taken to be as thick as they are apart, "
            "{spacing} mm; if not, give --slab-mm."
        ),
        _(
            "The slices are said to be {thickness} mm thick but are {spacing} mm apart, so they are taken to be "
            "{taken} mm thick; if the first number is wrong, give the true thickness (--slab-mm)."
        ),
        _(
            "The slices are said to be {thickness} mm thick but are {spacing} mm apart, so what lies between them was "
            "never scanned; do not rely on details there."
        ),
        _(
            "The model {model} was trained for slices {least} to {most} mm apart and {thinnest} to {thickest} times "
            "as thick, but these are {thickness} mm thick every {spacing} mm; look at the result with care, or choose "
            "another model."
        ),
        _("The slices have only {columns} by {rows} pixels, in which no chest can be seen; give the whole volume."),
        _("All voxels have the same value ({value}), so nothing is in the picture; export the volume again."),
        _(
            "The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest (air near "
            "-1000); give a CT in HU, not MR, a mask or a picture of other grey values."
        ),
        _(
            "The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like "
            "0 to 1 for -1024 to 2048 HU: if they are that, give --values unit."
        ),
        _(
            "The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like "
            "HU with 1024 added: if they are that, give --values offset."
        ),
        _(
            "The values lie between {low} and {high}, so they are not on the scale from 0 to 1; leave out "
            "--values unit."
        ),
        _("The values lie between {low} and {high}, so 1024 was not added to them; leave out --values offset."),
        _(
            "No HU (NaN, infinity, or a number beyond 32767) stands in {voxels} of the voxels within the body; export "
            "the volume again, in HU."
        ),
        _(
            "No HU (NaN, infinity, or a number beyond 32767) stands in {voxels} of the voxels around the body; they "
            "are taken for air ({air} HU)."
        ),
        _(
            "{voxels} of the voxels within the body lie below {low} HU, as bone or metal does whose HU did not fit "
            "into 16 bits; export the volume again, or look at the result there with care."
        ),
        _(
            "Hardly any lung is in the picture, so it may be no chest, but the network is made for chests; look at "
            "the result with care."
        ),
        _(
            "The values do not look like the Hounsfield units of a chest (air near -1000, soft tissue near 0); make "
            "sure that rescale slope and intercept are right and were applied."
        ),
        _(
            "{slices} of the slices (number {number} in order of place, for example) differ from their neighbours by "
            "more than {difference} HU on average, as with a wrong rescale slope or intercept; look at them and export "
            "the series again."
        ),
        _(
            "A run needs about {needed} GB of memory, but only {available} GB are free; close other programs or crop "
            "the volume to the chest."
        ),
        _("The {whose}'s memory does not suffice for {failed}; going on with {onward}."),
    ]


def _phrases(_: Callable[[str], str]) -> list[str]:
    """Parts of these sentences that are no numbers or names."""
    return [
        _("{positions} and {more} more"),
        _("computer"),
        _("one cube"),
        _("{count} cubes at a time"),
        _("one"),
        _("the CPU, which takes longer"),
    ]
