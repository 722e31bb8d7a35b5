"""The doubt volume: how large an error is expected in each voxel of a DLS volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import WeightsError
from ..synthesis.resampling import resample_slices
from ..weights.calibration import Calibration

if TYPE_CHECKING:  # who has a calibration need not load PyTorch
    from ..volumes.volume import Volume
    from ..weights.weights_file import Model


def require_calibration(model: Model) -> Calibration:
    """The calibration of a model's doubt. Raises WeightsError (`no_doubt`) where it has none, or no doubt at all."""
    if model.calibration is None or not model.configuration.doubt_channels:
        raise WeightsError(
            f"The model {model.label} cannot tell where it may be wrong; choose one that `thinslicesr weights list` "
            "marks as with doubt, or leave the doubt out.",
            "no_doubt",
        )
    return model.calibration


def expected_error(told: Volume, calibration: Calibration, spacing_mm: float | None = None) -> Volume:
    """The expected absolute error (int16 HU) where a network tells `told` (int16 HU).

    spacing_mm: of the slices along k of the DLS volume that it belongs to; None where they are those of `told`.
    """
    if spacing_mm is not None:
        told = resample_slices(told, spacing_mm)
    hu = np.empty(told.hu.shape, np.int16)
    for k, slice_hu in enumerate(told.hu):  # one by one: a calibration computes with more bytes
        hu[k] = np.rint(calibration.expected(slice_hu)).clip(0, np.iinfo(np.int16).max)
    return told.on_slice_grid(hu, told.spacing_mm[2])
