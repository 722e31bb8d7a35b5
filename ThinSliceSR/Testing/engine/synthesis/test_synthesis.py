"""A thick volume becomes a thin one: every slice in its place, none empty, consistent with what was measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import TINY, LinearInterpolation, linear_model
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.errors import DeviceError, WeightsError
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.synthesis.memory_ladder import Rung
from ThinSliceSRLib.engine.synthesis.synthesize import CubeDone, synthesize
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model

CPU = [Rung(choose_device("cpu", "float32"))]
SPACING = (0.7, 0.8, 5.0)


def random_thick(slices: int, rows: int = 24, columns: int = 32, low: int = -1024, high: int = 2048) -> Volume:
    hu = np.random.default_rng(slices).integers(low, high, (slices, rows, columns)).astype(np.int16)
    return Volume(hu, SPACING, (-10.0, 20.0, 30.0))


@pytest.mark.parametrize("slices", [2, 3, 8, 14])
def test_thick_slice_k_lies_on_thin_slice_5k(slices: int):
    thick = random_thick(slices)
    thin = synthesize(thick, linear_model(), CPU, slab_consistent=False).dls
    assert thin.size == (*thick.size[:2], 5 * (slices - 1) + 1)
    assert thin.spacing_mm == (0.7, 0.8, 1.0)
    assert thin.origin_mm == thick.origin_mm
    np.testing.assert_array_equal(thin.hu[::5], thick.hu)


def test_hu_are_rounded_not_truncated():
    thick = Volume(np.array([[[-3]], [[4]]], np.int16).repeat(8, 1).repeat(8, 2), SPACING)
    thin = synthesize(thick, linear_model(), CPU, slab_consistent=False).dls
    np.testing.assert_array_equal(thin.hu[:, 0, 0], [-3, -2, 0, 1, 3, 4])


def test_slabs_are_consistent_when_asked_for():
    thick = random_thick(9, low=0, high=1000)
    assert synthesize(thick, linear_model(), CPU).slab_error.mean < 0.5
    assert synthesize(thick, linear_model(), CPU, slab_consistent=False).slab_error.mean > 50


@pytest.mark.parametrize("slab_consistent", [True, False])
def test_a_ramp_stays_a_ramp_from_the_first_slice_to_the_last(slab_consistent: bool):
    ramp = Volume(np.arange(0, 400, 50, dtype=np.int16)[:, None, None].repeat(8, 1).repeat(8, 2), SPACING)
    thin = synthesize(ramp, linear_model(), CPU, slab_consistent=slab_consistent).dls
    np.testing.assert_array_equal(thin.hu[:, 0, 0], np.arange(0, 351, 10))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_network_that_gives_no_numbers_makes_no_volume(value: float):
    model = linear_model()
    model.network.register_forward_hook(lambda network, thick, thin: thin.index_fill(-1, torch.tensor([5]), value))
    with pytest.raises(WeightsError, match="not finite numbers"):
        synthesize(random_thick(2), model, CPU)


def test_metal_above_the_range_of_the_network_stays_and_casts_no_dark_band():
    hu = np.full((12, 16, 16), 40, np.int16)
    hu[5:7] = 3071
    thin = synthesize(Volume(hu, SPACING), linear_model(), CPU, slab_consistent=False).dls.hu
    assert thin.min() == 40
    assert thin[25].min() == 3071
    corrected = synthesize(Volume(hu, SPACING), linear_model(), CPU).dls.hu
    assert corrected.max() >= 3071


def test_values_beyond_int16_end_at_its_end_and_the_slab_error_says_so():
    thick = Volume(np.full((4, 8, 8), 60000, np.float32), SPACING)
    result = synthesize(thick, linear_model(), CPU)
    assert result.dls.hu.min() == result.dls.hu.max() == 32767
    assert result.slab_error.mean == pytest.approx(60000 - 32767)


def test_padding_below_air_becomes_air():
    thick = random_thick(6, low=-100, high=100)
    thick.hu[:, :8] = -3024
    thin = synthesize(thick, linear_model(), CPU).dls
    assert thin.hu[:, :8].min() == thin.hu[:, :8].max() == -1024
    assert thin.hu[:, 8:].min() > -1024


def test_the_input_is_left_as_it_was():
    thick = random_thick(5)
    before = thick.hu.copy()
    synthesize(thick, linear_model(), CPU)
    np.testing.assert_array_equal(thick.hu, before)


def test_finished_slices_are_told_once_each_nearest_first():
    thick = random_thick(30)
    told: list[CubeDone] = []
    result = synthesize(thick, linear_model(), CPU, slab_consistent=False, first_at_mm=100.0, on_cube=told.append)
    finished = [np.arange(cube.first_slice, cube.first_slice + len(cube.hu)) for cube in told if cube.hu is not None]
    assert 100 in finished[0]
    assert sorted(np.concatenate(finished)) == list(range(146))
    for cube in told:
        if cube.hu is not None:
            np.testing.assert_array_equal(cube.hu, result.dls.hu[cube.first_slice : cube.first_slice + len(cube.hu)])
    assert [cube.done for cube in told] == list(range(1, told[0].total + 1))


def test_a_trained_networks_deviation_appears_in_every_thin_slice():
    torch.manual_seed(0)
    model = Model("random", CTHNet(TINY).eval(), sha256="", trained=True)
    thick = random_thick(7, low=-200, high=200)
    thin = synthesize(thick, model, CPU, slab_consistent=False).dls.hu
    linear = synthesize(thick, linear_model(), CPU, slab_consistent=False).dls.hu
    assert (np.abs(thin.astype(int) - linear).reshape(len(thin), -1).mean(axis=1) > 0.1).all()


def test_too_little_memory_is_told_in_one_sentence():
    class Hungry(LinearInterpolation):
        def forward(self, thick: torch.Tensor) -> torch.Tensor:
            return torch.empty(1 << 60)

    model = Model("hungry", Hungry(linear_model().configuration), sha256="", trained=False)
    with pytest.raises(DeviceError, match="memory of cpu does not suffice") as caught:
        synthesize(random_thick(3), model, CPU)
    assert caught.value.code == "not_enough_memory"
