"""Kinds of tissue on a chest that is known."""

from __future__ import annotations

import numpy as np
from chest_making import chest, lung_disc
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES, tissue_masks


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
