"""What result volumes show while the worker computes: BIS holds no slice of the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from driving import wait_for

pytestmark = pytest.mark.usefixtures("application")

SHAPE = (6, 4, 5)
BIS, DLS = 7, 40


class Results:
    """Arrays in place of result volumes."""

    def __init__(self) -> None:
        self.dls, self.bis = np.zeros(SHAPE, np.int16), np.zeros(SHAPE, np.int16)

    def dls_slices(self) -> np.ndarray:
        return self.dls

    def bis_slices(self) -> np.ndarray:
        return self.bis

    def shown(self) -> None:
        pass


@pytest.fixture
def growing(tmp_path: Path) -> tuple[Results, Callable[..., None]]:
    """Results, and what happens to them when the worker has done a cube with or without slices that it finished."""
    from ThinSliceSRLib.desktop.run.growing_results import GrowingResults
    from ThinSliceSRLib.engine.events import told

    results, failures = Results(), []
    growing = GrowingResults(results, True, tmp_path, lambda: None, failures.append)
    grid = told.Grid(SHAPE[::-1], (0.7, 0.7, 1.0))
    thick = told.Input((5, 4, 2), (0.7, 0.7, 5.0), told.Slab(5.0, 5.0, "header"))
    started = told.SynthesisStarted(
        slice_axis=2, input=thick, output=grid, synthesis=grid, device="cpu", precision="float32",
        weights=told.Weights("w", "0"), engine_version="0", cubes=1, air="interpolated", slab_consistency="on",
    )  # fmt: skip

    def cube_done(slices: tuple[int, int] | None = None) -> None:
        growing.synthesis_goes_on(told.Progressed("synthesize", 1, 2, None, slices), started)
        wait_for(lambda: not growing._feed._waiting)
        assert not failures

    return results, cube_done


def write(folder: Path, finished: range = range(0), slices: int = SHAPE[0]) -> None:
    """The preview as the worker has it: BIS but for the finished slices."""
    hu = np.full((slices, *SHAPE[1:]), BIS, "<i2")
    hu[finished.start : finished.stop] = DLS
    (folder / "preview.raw").write_bytes(hu.tobytes())


def test_bis_is_shown_as_soon_as_all_of_it_is_there(growing, tmp_path: Path):
    results, cube_done = growing
    cube_done()
    write(tmp_path, slices=3)
    cube_done()
    assert not results.bis.any()
    write(tmp_path)
    cube_done()
    assert (results.bis == BIS).all()
    assert (results.dls == BIS).all()


@pytest.mark.parametrize("first_look", [True, False])
def test_finished_slices_are_shown_as_dls_alone(growing, tmp_path: Path, first_look: bool):
    results, cube_done = growing
    if first_look:
        write(tmp_path)
        cube_done()
    write(tmp_path, range(2, 4))
    cube_done((2, 3))
    assert [int(hu[0, 0]) for hu in results.dls] == [BIS, BIS, DLS, DLS, BIS, BIS]
    assert DLS not in results.bis
    assert [int(hu[0, 0]) for hu in results.bis[[0, 1, 4, 5]]] == [BIS] * 4
