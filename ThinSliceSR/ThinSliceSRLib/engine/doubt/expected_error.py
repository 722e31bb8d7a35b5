"""The doubt volume: how large an error is expected in each voxel of a DLS volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import WeightsError
from ..evaluation.tissues import TISSUES, tissue_numbers
from ..synthesis.resampling import resample_slices
from ..weights.calibration import Calibration, SlabCalibration

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


def expected_error(told: Volume, dls: Volume, calibration: SlabCalibration) -> Volume:
    """The expected absolute error (int16 HU) of a DLS volume, on its grid, where the network tells `told` (int16 HU).

    Both have their slices along k. dls: where it lies on other slices than `told`, as far apart as wanted; it says what
    the tissue is. calibration: for the spacing of the thick slices.
    """
    if told.spacing_mm[2] != dls.spacing_mm[2]:
        told = resample_slices(told, dls.spacing_mm[2])
    tissues = tissue_numbers(dls)
    hu = np.empty(told.hu.shape, np.int16)
    for k, slice_hu in enumerate(told.hu):  # one by one: a calibration computes with more bytes
        expected = calibration.expected_hu(slice_hu)
        for number, tissue in enumerate(TISSUES, start=1):
            inside = tissues[k] == number
            expected[inside] = calibration.expected_hu(slice_hu[inside], tissue)
        hu[k] = np.rint(expected).clip(0, np.iinfo(np.int16).max)
    return told.on_slice_grid(hu, told.spacing_mm[2])
