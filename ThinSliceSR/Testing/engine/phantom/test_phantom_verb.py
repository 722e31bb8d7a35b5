"""The verb `phantom`: a chest that is no patient, in thick slices, with progress."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line_runs import thinslicesr
from ThinSliceSRLib.engine.files.reading import read_volume


def test_it_draws_thick_slices_and_tells_how_far_it_is(tmp_path: Path):
    done = thinslicesr("phantom", tmp_path / "thick.nrrd", "--thin-slices", "18", "--progress", "json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["done"] for event in events] == [0, 16, 18]
    assert {(event["stage"], event["total"]) for event in events} == {("draw", 18)}
    volume = read_volume(tmp_path / "thick.nrrd")
    assert volume.size == (256, 256, 4)
    assert volume.spacing_mm == (1.25, 1.25, 5.0)
    assert volume.acquisition.slice_thickness_mm == 5
    assert np.ptp(volume.hu) > 1000


@pytest.mark.parametrize("choice", [("--thin-slices", "5"), ("--thin-slices", "1001"), ("--seed", "-1")])
def test_what_cannot_be_drawn_is_told_in_one_sentence(choice: tuple[str, str], tmp_path: Path):
    done = thinslicesr("phantom", tmp_path / "thick.nrrd", *choice)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert choice[0] in done.stderr
    assert list(tmp_path.iterdir()) == []
