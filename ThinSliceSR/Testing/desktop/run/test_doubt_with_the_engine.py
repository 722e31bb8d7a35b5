"""The doubt in the panel with the real background program: a small network with doubt, its volume, and its places."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driving import add_thick_volume, apply_and_wait, cells, choose, list_places, on_cpu, wait_for

pytestmark = pytest.mark.usefixtures("application")

ENGINE_TESTS = Path(__file__).parents[2] / "engine"
# In a process of its own, as it loads PyTorch.
MAKE_WEIGHTS = """
import sys
from pathlib import Path
from models import CALIBRATION, TINY, doubting_network
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network, with_calibration
folder = Path(sys.argv[1])
save_weights(folder / "doubting.safetensors", doubting_network(), "doubting", trained=False)
with_calibration(folder / "doubting.safetensors", CALIBRATION)
save_weights(folder / "doubtless.safetensors", untrained_network(TINY), "doubtless", trained=False)
"""


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of two small networks that interpolate linearly: one with doubt, at random, and one without."""
    folder = tmp_path_factory.mktemp("weights")
    path = os.pathsep.join([str(ENGINE_TESTS), str(ENGINE_TESTS.parents[1])])
    environment = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", MAKE_WEIGHTS, str(folder)], env=environment, check=True)
    return folder


@pytest.fixture
def chest(views: Any, weights_folder: Path, monkeypatch: pytest.MonkeyPatch, module: Any) -> Any:
    """The panel's input, with lungs of 30 ml; the background program finds both networks by their names."""
    monkeypatch.setenv("THINSLICESR_WEIGHTS", str(weights_folder))
    chest = add_thick_volume(matrix=72)
    choose(module.ui.inputSelector, chest)
    on_cpu(module)
    return chest


def test_a_model_with_doubt_fills_the_volume_and_the_list_finds_what_stands_in_dls_alone(module: Any, chest: Any):
    import slicer

    module._parameters.model = "doubting"
    module.ui.makeDoubtCheckBox.click()
    results = apply_and_wait(module)
    assert module.ui.statusLabel.text.startswith("Done"), module.ui.statusLabel.text
    doubt = slicer.util.arrayFromVolume(results.doubt)
    assert doubt.shape == slicer.util.arrayFromVolume(results.dls).shape
    assert doubt.max() > doubt.min() >= 0
    assert results.doubt.GetAttribute("ThinSliceSR.Model") == "doubting (untrained)"
    k, j, i = np.indices(doubt.shape)
    ball = np.hypot(np.hypot((i - 34) * 0.7, (j - 36) * 0.7), k - 17.0) <= 2.5
    slicer.util.arrayFromVolume(results.dls)[ball] = -100
    doubt[:] = np.where(ball, 120, 10)
    list_places(module)
    [place] = cells(module)
    assert place[0] == "DLS"
    assert place[1] == pytest.approx(5.0, abs=0.5)
    assert place[2] == -100
    assert place[4:] == [120, 18]
    markups = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLMarkupsFiducialNode")
    to_ras = slicer.util.vtkMatrixFromArray(np.eye(4))
    results.dls.GetIJKToRASMatrix(to_ras)
    centre = to_ras.MultiplyPoint([34, 36, 17, 1])[:3]
    assert np.allclose(markups.GetNthControlPointPosition(0), centre, atol=0.1)


def test_the_panel_learns_which_models_can_tell_when_the_choice_is_made(module: Any, chest: Any):
    module._parameters.model = "doubtless"
    module.ui.makeDoubtCheckBox.click()
    wait_for(lambda: module.ui.doubtObstacleLabel.text)
    assert "The model doubtless cannot tell where it may be wrong" in module.ui.doubtObstacleLabel.text
    assert not module.ui.makeDoubtCheckBox.enabled
    module._parameters.model = "doubting"
    assert module.ui.makeDoubtCheckBox.enabled


def test_a_model_that_cannot_tell_is_refused_in_words_for_the_panel(module: Any, chest: Any, monkeypatch: Any):
    module._parameters.model = "doubtless"
    monkeypatch.setattr(module.panel, "_ask_for_models", lambda: None)
    monkeypatch.setattr(module.panel._doubt_choice, "_ask", lambda: None)  # so that the run is the first to know
    module.ui.makeDoubtCheckBox.click()
    apply_and_wait(module)
    assert "The model cannot tell where it may be wrong; choose another under Advanced" in module.ui.statusLabel.text
