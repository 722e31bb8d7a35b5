"""The lung mask on a chest whose lungs are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from chest_making import SLICES, chest, lung_disc
from ThinSliceSRLib.engine.evaluation.lung_mask import lung_mask


def test_the_lung_mask_is_the_lungs_with_their_vessels():
    j, i = np.mgrid[:56, :72]
    expected = lung_disc(j, i, 21) | lung_disc(j, i, 51)
    mask = lung_mask(chest())
    overlap = 2 * (mask & expected).sum() / (mask.sum() + SLICES * expected.sum())
    assert overlap > 0.98
    assert mask[:, 25:27, 20:22].all()
    assert not mask[:, 52:].any()


def test_a_lung_with_the_other_collapsed_is_found_alone():
    collapsed = chest()
    collapsed.hu[:, :, 36:][collapsed.hu[:, :, 36:] > -950] = 40
    mask = lung_mask(collapsed)
    assert mask[:, 26, 15].all()
    assert not mask[:, :, 36:].any()


def test_there_are_none_in_a_body_without_air():
    body = chest()
    solid = np.where(body.hu > -950, 40, body.hu).astype(np.int16)
    assert not lung_mask(replace(body, hu=solid)).any()


def test_small_pockets_of_air_are_no_lungs():
    body = chest()
    hu = np.where(body.hu > -950, 40, body.hu).astype(np.int16)
    hu[10:20, 24:28, 34:38] = -850  # 0.64 ml
    assert not lung_mask(replace(body, hu=hu)).any()
