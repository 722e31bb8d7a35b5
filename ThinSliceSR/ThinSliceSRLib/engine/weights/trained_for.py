"""Whether a model was trained for how the slices of a volume were measured."""

from __future__ import annotations

from ..events.finding import Finding
from ..volumes.slab_profile import slab_profile_of
from ..volumes.slice_steps import ROUNDING_MM
from ..volumes.volume import Volume
from .weights_file import Model


def untrained_for(model: Model, thick: Volume) -> list[Finding]:
    """A warning (`model_unfit`) when the distance of the slices, or their thickness by it, is none of the model's."""
    profile = slab_profile_of(thick)
    (least_mm, most_mm), (least, most) = model.configuration.spacings_mm, model.configuration.overlaps
    near = least_mm - ROUNDING_MM <= profile.spacing_mm <= most_mm + ROUNDING_MM
    if near and least - 1e-6 <= profile.overlap <= most + 1e-6:
        return []
    message = (
        f"The model {model.label} was trained for slices {least_mm:g} to {most_mm:g} mm apart and {least:g} to "
        f"{most:g} times as thick, but these are {profile.thickness_mm:.3g} mm thick every {profile.spacing_mm:.3g} "
        "mm; look at the result with care, or choose another model."
    )
    return [Finding("warning", "model_unfit", message)]
