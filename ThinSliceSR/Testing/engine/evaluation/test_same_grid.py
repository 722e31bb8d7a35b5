"""Only volumes that lie voxel on voxel are compared, on the slices that all of them have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from chest_making import ORIGIN, chest
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.same_grid import common_slices, in_patient_order, slices_of
from ThinSliceSRLib.engine.volumes.volume import Volume


def test_patient_order_is_found_for_every_way_of_storing():
    truth = replace(chest(), direction=np.diag([-1.0, 1.0, -1.0]))
    for axes in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        ordered = in_patient_order(truth.permuted(axes))
        np.testing.assert_array_equal(ordered.hu, truth.hu)
        np.testing.assert_array_equal(ordered.direction, truth.direction)


def test_the_truth_is_cut_to_the_slices_that_all_methods_have():
    truth = chest()
    methods = {"lower": slices_of(truth, slice(0, 31)), "upper": slices_of(truth, slice(4, 44))}
    common, cut = common_slices(truth, methods)
    assert common == slice(4, 31)
    for volume in cut.values():
        np.testing.assert_array_equal(volume.hu, truth.hu[4:31])
        np.testing.assert_allclose(volume.origin_mm, (*ORIGIN[:2], ORIGIN[2] + 4))


def test_slices_are_found_on_oblique_axes():
    turned = np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]])
    truth = replace(chest(), direction=turned)
    common, _ = common_slices(truth, {"part": slices_of(truth, slice(7, 20))})
    assert common == slice(7, 20)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda v: replace(v, hu=v.hu[:, :, :-1]), "its slices have 71 × 56 pixels, those of the truth 72 × 56"),
        (lambda v: replace(v, origin_mm=(*ORIGIN[:2], ORIGIN[2] + 0.5)), "0.5 mm off the nearest slice"),
        (lambda v: replace(v, origin_mm=(ORIGIN[0] + 0.002, *ORIGIN[1:])), "0.002 mm off the nearest slice"),
        (lambda v: replace(v, spacing_mm=(2.0, 2.0, 1.01)), "spacing or direction differs, by 0.43 mm"),
        (lambda v: replace(v, direction=np.diag([1.0, 1.0, -1.0])), "spacing or direction differs"),
        (lambda v: replace(v, origin_mm=(*ORIGIN[:2], ORIGIN[2] + 3)), "beyond the first or the last slice"),
        (lambda v: replace(v, origin_mm=(*ORIGIN[:2], ORIGIN[2] - 3)), "beyond the first or the last slice"),
    ],
)
def test_another_grid_is_refused_with_what_differs(changed: Callable[[Volume], Volume], reason: str):
    with pytest.raises(UnusableInput, match="DLS cannot be compared with the truth") as refused:
        common_slices(chest(), {"DLS": changed(chest())})
    assert reason in str(refused.value)


def test_volumes_without_a_common_slice_are_refused():
    truth = chest()
    with pytest.raises(UnusableInput, match="no slice in common"):
        common_slices(truth, {"a": slices_of(truth, slice(0, 20)), "b": slices_of(truth, slice(20, 44))})
