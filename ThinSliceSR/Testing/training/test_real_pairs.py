"""Real pairs: folders of thick and thin volumes."""

from __future__ import annotations

import numpy as np
import pytest
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL

pytest.importorskip("yaml")

from training_making import blobs, write_volume

from training.data.real_pairs import RealPairs, find_pairs, read_pair
from training.settings import RealPairSettings

UNIT_SPACING = (1.0, 1.0, 1.0)


def write_pair(folder, name="ct.nii.gz", thick_slices=9, seed=0):
    thin = blobs((5 * (thick_slices - 1) + 1, 24, 24), seed)
    thick = thin[::5] + np.int16(1)
    write_volume(folder / "thin" / name, ((thin + 1024) / 3072).astype(np.float32), UNIT_SPACING)
    write_volume(folder / "thick" / name, ((thick + 1024) / 3072).astype(np.float32), UNIT_SPACING)
    return thick, thin


def test_values_from_0_to_1_become_hu(tmp_path):
    thick, thin = write_pair(tmp_path)
    read_thick, read_thin = read_pair(*find_pairs(tmp_path)[0], ratio=5, stored_as="unit")
    np.testing.assert_allclose(read_thick, thick, atol=1e-3)
    np.testing.assert_allclose(read_thin, thin, atol=1e-3)


def test_hu_are_refused_where_values_from_0_to_1_are_promised(tmp_path):
    for kind, slices in (("thick", 8), ("thin", 36)):
        write_volume(tmp_path / kind / "ct.nrrd", blobs((slices, 8, 8)), UNIT_SPACING)
    with pytest.raises(UnusableInput, match="stored_as: hu"):
        read_pair(*find_pairs(tmp_path)[0], ratio=5, stored_as="unit")


def test_thick_slice_k_of_a_crop_lies_on_thin_slice_5k(tmp_path):
    write_pair(tmp_path, thick_slices=11)
    samples = RealPairs(tmp_path, SMALL, RealPairSettings(crop=16, stored_as="unit"), seed=1)
    for number in range(8):
        thick, thin, slabs = samples[number]
        assert thin.shape == (1, 36, 16, 16)
        assert slabs.tolist() == list(TYPICAL)
        np.testing.assert_allclose(thick.numpy(), thin[:, ::5].numpy() + 1 / 3072, atol=1e-5)


def test_every_pair_is_seen_once_per_round(tmp_path):
    for index in range(3):
        write_pair(tmp_path, f"{index}.nii.gz", thick_slices=8, seed=index)
    samples = RealPairs(tmp_path, SMALL, RealPairSettings(crop=24, stored_as="unit"), seed=1)
    for turn in range(2):
        means = {round(float(samples[3 * turn + index][1].mean()), 6) for index in range(3)}
        assert len(means) == 3


def test_volumes_without_a_partner_are_told(tmp_path):
    write_pair(tmp_path)
    write_volume(tmp_path / "thin" / "alone.nrrd", blobs((8, 8, 8)), UNIT_SPACING)
    with pytest.raises(UnusableInput, match=r"alone\.nrrd has no partner"):
        find_pairs(tmp_path)


def test_pairs_whose_slices_do_not_match_are_refused(tmp_path):
    write_volume(tmp_path / "thick" / "ct.nrrd", blobs((9, 8, 8)), UNIT_SPACING)
    write_volume(tmp_path / "thin" / "ct.nrrd", blobs((40, 8, 8)), UNIT_SPACING)
    with pytest.raises(UnusableInput, match="9 thick slices need 41 thin ones"):
        read_pair(*find_pairs(tmp_path)[0], ratio=5, stored_as="hu")


def test_volumes_smaller_than_the_crop_are_refused(tmp_path):
    write_pair(tmp_path)
    samples = RealPairs(tmp_path, SMALL, RealPairSettings(crop=32, stored_as="unit"), seed=1)
    with pytest.raises(UnusableInput, match="smaller than the crop"):
        samples[0]
