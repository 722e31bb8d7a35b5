"""Kinds of tissue as they are quickly told, against those that are measured with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chest_making import chest
from ThinSliceSRLib.engine.doubt import seen_tissues as module
from ThinSliceSRLib.engine.doubt.seen_tissues import seen_tissues
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES, tissue_masks
from ThinSliceSRLib.engine.volumes.volume import Volume


@pytest.fixture(scope="module")
def body() -> Volume:
    """With a rib and a thick vessel; pixels of 0.67 mm, slices of 0.5 mm, no multiple of 2 mm along any axis."""
    coarse = chest()
    coarse.hu[:, 4:8, 30:44] = 700
    coarse.hu[:, 22:30, 48:54] = 30
    hu = coarse.hu.repeat(3, 1).repeat(3, 2).repeat(2, 0)[1:, 1:, 2:]
    return replace(coarse, hu=hu, spacing_mm=(2 / 3, 2 / 3, 0.5))


def test_nearly_all_is_told_as_it_is_measured(body: Volume):
    masks, numbers = tissue_masks(body), seen_tissues(body)
    for number, tissue in enumerate(TISSUES, start=1):
        seen, true = numbers == number, masks[tissue]
        assert true.sum() > 1000, tissue
        assert 2 * (seen & true).sum() / (seen.sum() + true.sum()) > 0.8, tissue
    assert not numbers[:, 0].any()


def test_it_does_not_depend_on_how_many_slices_are_looked_at_together(body: Volume, monkeypatch: pytest.MonkeyPatch):
    numbers = seen_tissues(body)
    monkeypatch.setattr(module, "SLICES_AT_ONCE", 1000)
    np.testing.assert_array_equal(seen_tissues(body), numbers)


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 7, 5), (2, 3, 64), (5, 2, 1)])
def test_the_smallest_volumes_have_an_answer_for_each_voxel(size: tuple[int, int, int]):
    for hu, number in ((-1000, 0), (40, TISSUES.index("soft tissue") + 1)):
        numbers = seen_tissues(Volume(np.full(size, hu, np.int16), (0.3, 0.7, 1.0)))
        np.testing.assert_array_equal(numbers, np.full(size, number))


def test_tissues_are_the_same_however_the_slices_lie_in_space(body: Volume):
    turned = replace(body, direction=np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]))
    np.testing.assert_array_equal(seen_tissues(turned), seen_tissues(body))
