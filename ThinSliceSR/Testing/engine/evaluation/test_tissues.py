"""Kinds of tissue on a chest that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from chest_making import chest, lung_disc
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES, tissue_masks, tissue_numbers


def test_each_kind_of_tissue_lies_where_it_was_put_and_none_in_two():
    body = chest()
    body.hu[:, 4:8, 30:44] = 700  # a rib
    body.hu[:, 24:29, 18:23] = 30  # a vessel
    masks = tissue_masks(body)
    assert set(masks) == {"body", *TISSUES}
    assert sum(masks[kind].astype(int) for kind in TISSUES).max() == 1
    assert all(not (masks[kind] & ~masks["body"]).any() for kind in TISSUES)
    assert masks["vessels"][:, 26, 20].all()
    assert masks["bone"][:, 5:7, 32:42].all()
    assert masks["lung"][:, 27, 52].all()
    j, i = np.mgrid[:56, :72]
    lungs = lung_disc(j, i, 21) | lung_disc(j, i, 51)
    edge = lungs & ~np.roll(lungs, 1, axis=1)
    assert masks["lung borders"][:, edge].mean() > 0.9
    assert not masks["lung borders"][:, 27, 52].any()
    soft = masks["soft tissue"]
    assert soft.any()
    assert not soft[:, lungs].any()


def test_numbers_tell_the_same_as_masks_and_finer_pixels_almost_the_same():
    body = chest()
    masks = tissue_masks(body)
    numbers = tissue_numbers(body)
    for number, kind in enumerate(TISSUES, start=1):
        np.testing.assert_array_equal(numbers == number, masks[kind])
    finer = replace(body, hu=body.hu.repeat(3, axis=1).repeat(3, axis=2)[:, :, :-2], spacing_mm=(2 / 3, 2 / 3, 1.0))
    seen = tissue_numbers(finer)
    assert seen.shape == finer.hu.shape
    for number, kind in enumerate(TISSUES, start=1):
        expected = masks[kind].repeat(3, axis=1).repeat(3, axis=2)[:, :, :-2]
        assert ((seen == number) & expected).sum() >= 0.7 * expected.sum()


def test_a_volume_of_few_slices_shows_no_tissue():
    body = chest(slices=3)
    assert not tissue_numbers(body).any()
