"""Whether the options of a synthesis can be meant: what their kinds and choices alone do not tell."""

from __future__ import annotations

from ..devices.threads import require_threads
from ..synthesis.thin_spacing import require_spacing
from ..volumes.slice_thickness import require_millimetres
from ..volumes.value_scale import require_scale
from .options import SynthesisOptions


def require_sensible(options: SynthesisOptions) -> None:
    """Returns when volumes can be made so. Raises UnusableInput (`wrong_usage`)."""
    require_millimetres("--slab-mm", options.slab_mm)
    require_spacing(options.spacing)
    require_scale(options.values)
    require_threads(options.threads)
