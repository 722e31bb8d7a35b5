"""The module's self-test: the main path inside Slicer, on a small chest, without network and without GPU.

It may run on a computer that does many other things, so nothing in it has a time by the clock: a run is given up only
when it has told nothing new for a long while.
"""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable
from typing import Any

import numpy as np
import slicer

from ..scene.result_nodes import ResultNodes
from ..scene.synthetic_mark import is_synthetic
from ..worker.outcome import Outcome
from ..worker.request import Request
from .requirements import missing_requirements

LONGEST_SILENCE_S = 1800


def run_main_path(session: Any, tell: Callable[[str], None]) -> None:
    """Makes DLS and BIS of a small chest, and cancels a second run. Raises AssertionError with what is wrong."""
    missing = missing_requirements()
    if missing:  # as on a computer that only builds the extension
        names = ["PyTorch"] * missing.torch + [missing.package_names] * bool(missing.packages)
        raise unittest.SkipTest(f"not installed: {', '.join(names)}")
    thick = small_chest()
    before = slicer.util.arrayFromVolume(thick).copy()

    tell("Making its thin slices")
    seen: list[ResultNodes] = []
    outcome, results = _run(session, Request(thick, device="cpu"), on_visible=seen.append)
    assert outcome.done, outcome.sentence
    assert seen, "the results were not shown before the end"
    slices = slicer.util.arrayFromVolume(thick).shape[0]
    for result in (results.dls, results.bis):
        values = slicer.util.arrayFromVolume(result)
        assert values.shape == (5 * (slices - 1) + 1, *before.shape[1:]), values.shape
        assert is_synthetic(result)
        assert abs(float(values.mean()) - float(before.mean())) < 20, "the HU are not those of the phantom"
        assert all(len(np.unique(picture)) > 1 for picture in values), "a slice is empty"
        _require_same_place(thick, result, slices)
    assert not np.array_equal(*(slicer.util.arrayFromVolume(result) for result in (results.dls, results.bis)))
    assert results.dls.GetName().startswith("synthetic")
    assert np.array_equal(slicer.util.arrayFromVolume(thick), before), "the input was changed"

    tell("Cancelling a run of a process that stood by")
    session.stand_by.prepare()
    _wait_until(lambda: session.stand_by.ready, "no process stands by")
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    outcome, _results = _run(session, Request(thick, device="cpu"), cancel_when_visible=True)
    assert outcome.cancelled, outcome.sentence
    assert not session.stand_by.tried, "the process that stood by ended by itself"
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes, "a cancelled run left nodes"


def _run(
    session: Any,
    request: Request,
    on_visible: Callable[[ResultNodes], None] = lambda results: None,
    cancel_when_visible: bool = False,
) -> tuple[Outcome, ResultNodes]:
    """Runs to the end, or cancels as soon as there is something to see."""
    outcomes: list[Outcome] = []
    told: list[float] = [time.monotonic()]

    def visible(results: ResultNodes) -> None:
        on_visible(results)
        if cancel_when_visible:
            run.cancel()

    run = session.start(
        request,
        on_progress=lambda progress: told.append(time.monotonic()),
        on_notice=lambda sentence: None,
        on_visible=visible,
        on_ended=outcomes.append,
    )
    _wait_until(lambda: outcomes, "the run tells nothing any more, and does not end", lambda: told[-1])
    return outcomes[0], run.results


def _wait_until(condition: Callable[[], object], complaint: str, last_news: Callable[[], float] | None = None) -> None:
    """Lets Slicer work until the condition holds, or nothing new has been told for too long."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < (last_news() if last_news else began) + LONGEST_SILENCE_S, complaint
        slicer.app.processEvents()
        time.sleep(0.01)


def small_chest() -> slicer.vtkMRMLScalarVolumeNode:
    """A new volume of 8 slices of 5 mm: two lungs in soft tissue in air, with noise; made in a moment."""
    z, y, x = np.mgrid[-1:1:8j, -1:1:64j, -1:1:64j]
    hu = np.where((x / 0.9) ** 2 + (y / 0.7) ** 2 < 1, 40, -1000)
    lungs = ((np.abs(x) - 0.4) / 0.3) ** 2 + (y / 0.5) ** 2 + (z / 1.5) ** 2 < 1
    hu = np.where(lungs, -850, hu) + np.random.default_rng(1).integers(-20, 20, hu.shape)
    return slicer.util.addVolumeFromArray(hu.astype(np.int16), np.diag([-5.0, -5.0, 5.0, 1.0]), "Small chest 5 mm")


def _require_same_place(thick: object, thin: object, slices: int) -> None:
    """Each thick slice k lies on thin slice 5k."""
    matrices = [np.eye(4), np.eye(4)]
    for volume, matrix in zip((thick, thin), matrices, strict=True):
        matrix[:] = slicer.util.arrayFromVTKMatrix(_ijk_to_ras(volume))
    for k in (0, slices - 1):
        for i, j in ((0, 0), (1, 3)):
            places = matrices[0] @ (i, j, k, 1), matrices[1] @ (i, j, 5 * k, 1)
            assert np.allclose(*places, atol=1e-4), f"thick slice {k} does not lie on thin slice {5 * k}"


def _ijk_to_ras(volume: Any) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix
