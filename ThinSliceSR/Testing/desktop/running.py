"""Runs without the panel, for the tests: who listens to one, how it is waited for, and what its volumes hold."""

from __future__ import annotations

import numpy as np
from driving import add_thick_volume, wait_for


class Listening:
    """What a run told."""

    def __init__(self) -> None:
        self.progress, self.notices, self.visible, self.outcomes = [], [], [], []

    @property
    def listeners(self) -> dict[str, object]:
        return {
            "on_progress": self.progress.append,
            "on_notice": self.notices.append,
            "on_visible": self.visible.append,
            "on_ended": self.outcomes.append,
        }


def done_outcome(model: str = "w", device: str = "cpu", seconds: float = 5.0) -> object:
    """What a run tells at its end that was made by this model on this device."""
    from ThinSliceSRLib.desktop.worker.outcome import Outcome
    from ThinSliceSRLib.engine.events import told

    grid = told.Grid((512, 512, 300), (0.7, 0.7, 1.0))
    thick = told.Input((512, 512, 60), (0.7, 0.7, 5.0), told.Slab(5.0, 5.0, "header"))
    started = told.SynthesisStarted(
        slice_axis=2, input=thick, output=grid, synthesis=grid, device=device, precision="float32",
        weights=told.Weights(model, "0"), engine_version="0", cubes=1, air="interpolated", slab_consistency="on",
    )  # fmt: skip
    finished = told.SynthesisFinished(seconds, {}, device, "float32", 0.0, told.SlabErrorHu(1.0, 2.0))
    return Outcome(True, False, "", "", "", (started, finished))


def run_to_the_end(session: object, request: object) -> tuple[object, Listening]:
    told = Listening()
    run = session.start(request, **told.listeners)
    wait_for(lambda: told.outcomes, 120)
    return run, told


def array(node: object) -> np.ndarray:
    import slicer

    return slicer.util.arrayFromVolume(node)


def corner(node: object, k: int) -> np.ndarray:
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix) @ (0, 0, k, 1)


def start_long_run(session: object, **choices: object) -> tuple[object, Listening]:
    """A run that takes minutes, in the middle of its synthesis."""
    from ThinSliceSRLib.desktop.worker.request import Request

    told = Listening()
    run = session.start(Request(add_thick_volume(slices=40, matrix=256), device="cpu", **choices), **told.listeners)
    wait_for(lambda: told.visible or told.outcomes)
    assert not told.outcomes
    return run, told
