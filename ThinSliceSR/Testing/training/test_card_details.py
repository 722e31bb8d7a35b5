"""Where a model's errors lie: the tables of its card."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chest_making import chest, write
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network

pytest.importorskip("lightning")

from training.measures.card_details import Details, _lines, _structures, _without_counterpart, as_markdown, details_of


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[Details]:
    folder = tmp_path_factory.mktemp("details")
    body = chest(slices=51)
    body.hu[:, 4:8, 30:44] = 700  # a rib
    body.hu[12:40, 24:29, 18:23] = 30  # a vessel
    (folder / "thin").mkdir()
    write(folder / "thin", a=replace(body, spacing_mm=(1.0, 1.0, 1.0)))
    save_weights(folder / "m.safetensors", untrained_network(SMALL), "m", trained=False)
    return list(details_of(folder / "m.safetensors", folder / "thin"))


def test_the_truth_has_no_errors_and_comes_first(rows):
    truth, bis, dls = rows
    assert [row.method for row in rows] == ["truth", "BIS", "DLS m (untrained)"]
    assert set(truth.rms_hu.values()) == {0.0}
    assert (truth.invented, truth.lost) == (0, 0)
    assert all(row.rms_hu[kind] > 1 for row in (bis, dls) for kind in TISSUES)


def test_tables_hold_every_row_and_number(rows):
    lines = as_markdown(rows).splitlines()
    assert sum(line.startswith("| a.nrrd") for line in lines) == 2 + 3
    assert f"{rows[2].rms_hu['bone']:.1f} ({rows[2].bias_hu['bone']:+.1f})" in as_markdown(rows)
    assert len({line.count("|") for line in lines[:4] if line}) == 1
    assert len({line.count("|") for line in lines[5:]}) == 1


def test_too_few_slices_tell_of_no_lines_and_leave_their_cell_empty(rows):
    assert _lines(np.zeros((30, 4, 4))) is None
    [*_others, last] = as_markdown([replace(rows[2], lines=None)]).splitlines()
    assert last.count("|") == as_markdown(rows[2:]).splitlines()[-1].count("|")


def test_structures_without_a_counterpart_are_counted():
    lungs = np.ones((6, 20, 20), bool)
    one, other = (np.full(lungs.shape, -850) for _ in range(2))
    one[1:4, 2:5, 2:5] = other[2:5, 4:7, 4:7] = 0  # touch
    one[1:4, 12:15, 2:5] = 0  # only in one
    other[1, 15, 15] = 0  # too small
    parts = _structures(one, lungs), _structures(other, lungs)
    assert _without_counterpart(*parts) == 1
    assert _without_counterpart(*reversed(parts)) == 0
