"""Kinds of tissue on a chest that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chest_making import chest, lung_disc
from ThinSliceSRLib.engine.evaluation import tissues
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


def test_numbers_tell_the_same_as_masks_though_in_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tissues, "SLICES_AT_ONCE", 20)
    body = chest()
    masks, numbers = tissue_masks(body), tissue_numbers(body)
    assert numbers.any()
    for number, kind in enumerate(TISSUES, start=1):
        assert ((numbers == number) != masks[kind]).mean() < 1e-4, kind


def test_a_volume_of_few_slices_shows_no_tissue():
    body = chest(slices=3)
    assert not tissue_numbers(body).any()


def test_tissues_are_the_same_however_the_slices_lie_in_space():
    body = chest()
    turned = replace(body, direction=np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]))
    np.testing.assert_array_equal(tissue_numbers(turned), tissue_numbers(body))
