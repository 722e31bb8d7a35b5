"""The doubt volume: how large an error is expected in each voxel of a DLS volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..calibration.calibration import ELSEWHERE, Calibration, SlabCalibration
from ..errors import WeightsError
from ..evaluation.tissues import TISSUES
from ..synthesis.resampling import resample_slices
from .seen_tissues import seen_tissues

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


def expected_error(told: Volume, dls: Volume, calibration: SlabCalibration, places: np.ndarray) -> Volume:
    """The expected absolute error (int16 HU) of a DLS volume, on its grid, where the network tells `told` (int16 HU).

    Both have their slices along k. dls: where it lies on other slices than `told`, as far apart as wanted; it says what
    the tissue is. calibration: for the spacing of the thick slices. places: of the slices of `dls`, counted in these;
    how errors differ from place to place was measured for thin slices of 1 mm.
    """
    if told.spacing_mm[2] != dls.spacing_mm[2]:
        told = resample_slices(told, dls.spacing_mm[2])
    most = np.iinfo(np.int16).max
    levels = np.arange(most + 1, dtype=np.float32)  # a row of all that can be told for each tissue is soon looked up
    rows = np.concatenate([calibration.expected_hu(levels, tissue) for tissue in (ELSEWHERE, *TISSUES)])
    times = np.round(calibration.times_at(places), 2)  # few, whatever the distance of slices
    expected = {factor: np.rint(factor * rows).clip(0, most).astype(np.int16) for factor in np.unique(times)}
    tissues, hu = seen_tissues(dls), np.empty(told.hu.shape, np.int16)
    for k, slice_hu in enumerate(told.hu):
        place = tissues[k].astype(np.intp)  # in the rows, one behind the other: found in a third of the time
        place *= len(levels)
        place += slice_hu.clip(0)
        expected[times[k]].take(place, out=hu[k], mode="clip")  # all lie within; other modes look for that in a copy
    return told.on_slice_grid(hu, told.spacing_mm[2])
