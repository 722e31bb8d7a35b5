"""Published checkpoints are read without running their code, recognised, and run as the published network."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from reference.reference_weights import reference_weights
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.network.configuration import PUBLISHED
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.weights.checkpoint_reading import read_checkpoint
from ThinSliceSRLib.engine.weights.published_checkpoint import published_network, state_dict_of
from ThinSliceSRLib.engine.weights.weights_file import load_model

pytestmark = pytest.mark.usefixtures("own_folder")
MAKING = Path(__file__).parents[1] / "published_checkpoint_making.py"
KINDS = ["zip.pkl", "legacy.pkl", "parallel.pth", "state.pth"]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint of each kind, made in another process, whose classes this process does not know."""
    folder = tmp_path_factory.mktemp("checkpoints")
    paths = os.pathsep.join([str(MAKING.parent), str(MAKING.parents[2])])
    subprocess.run([sys.executable, MAKING, folder], check=True, env={**os.environ, "PYTHONPATH": paths})
    return folder


@pytest.fixture(scope="module")
def published() -> CTHNet:
    """The published network with the reference weights, without a detour through a checkpoint."""
    network = CTHNet(PUBLISHED).eval()
    weights = reference_weights({name: tuple(value.shape) for name, value in network.named_parameters()})
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network


def test_the_checkpoint_holds_classes_that_are_unknown_here(checkpoints: Path):
    assert b"net.model_TransSR" in (checkpoints / "legacy.pkl").read_bytes()
    assert importlib.util.find_spec("net") is None
    with pytest.raises(ModuleNotFoundError):
        torch.load(checkpoints / "zip.pkl", weights_only=False)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_checkpoint_gives_the_published_network(checkpoints: Path, published: CTHNet, kind: str):
    state = state_dict_of(read_checkpoint(checkpoints / kind))
    assert len(state) == 258
    network = published_network(checkpoints / kind)
    assert network.config == PUBLISHED
    assert (network.config.axis_layout, network.config.trim) == ("published", 3)
    for name, value in published.state_dict().items():
        assert torch.equal(network.state_dict()[name], value)
    assert "net" not in sys.modules


def test_an_imported_checkpoint_computes_and_synthesizes_as_published(
    checkpoints: Path, published: CTHNet, own_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["weights", "import", str(checkpoints / "zip.pkl"), "--name", "published"]) == 0
    assert "published axis layout, trim 3; use them with --weights published" in capsys.readouterr().out
    assert [path.name for path in own_folder.iterdir()] == ["published.safetensors"]
    model = load_model(own_folder / "published.safetensors")
    assert (model.name, model.trained, model.configuration) == ("published", True, PUBLISHED)
    thick = torch.rand(1, 1, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(model.network(thick), published(thick), atol=0, rtol=0)

    hu = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60], np.int16), (5, 16, 16))
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 5.0))
    sitk.WriteImage(image, str(tmp_path / "thick.nrrd"))
    arguments = ["--weights", "published", "--device", "cpu", "--precision", "float32", "--progress", "none"]
    assert main(["synthesize", str(tmp_path / "thick.nrrd"), str(tmp_path / "dls.nrrd"), *arguments]) == 0
    dls = sitk.ReadImage(str(tmp_path / "dls.nrrd"))
    assert dls.GetSize() == (16, 16, 21)
    assert dls.GetMetaData("ThinSliceSR_model") == "published"


@pytest.fixture(scope="module")
def published_state(checkpoints: Path) -> dict[str, torch.Tensor]:
    """The 258 tensors of a published checkpoint."""
    return state_dict_of(read_checkpoint(checkpoints / "state.pth"))


INDEX = "Encoder.layers.0.blocks.1.attn.relative_position_index"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda state: state.pop("conv_last.bias"), "it has no conv_last.bias"),
        (lambda state: state.update({"conv_last.bias": torch.zeros(2)}), r"its conv_last.bias is \(2,\), not \(1,\)"),
        (lambda state: state.update({"conv_last.bias": torch.zeros(1, dtype=torch.int64)}), "does not hold fractions"),
        (lambda state: state.update({"more": torch.zeros(2)}), "more tensors"),
        (lambda state: state.update({INDEX: state[INDEX].T.contiguous()}), "relative_position_index is another one"),
        (lambda state: state.update({INDEX: state[INDEX][0]}), "relative_position_index is another one"),
        (lambda state: state.update({"conv_last.bias": torch.tensor([torch.nan])}), "not finite"),
        (lambda state: state.clear(), "it has no "),
    ],
    ids=["one less", "another shape", "integers", "one more", "another index", "index cut", "not a number", "none"],
)
def test_another_network_is_refused_in_words(published_state: dict, tmp_path: Path, change: Callable, told: str):
    state = dict(published_state)
    change(state)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=told) as caught:
        published_network(tmp_path / "other.pth")
    assert caught.value.exit_code == 3


def test_a_state_dict_without_position_indices_and_in_half_precision_is_taken(published_state: dict, tmp_path: Path):
    half = {name: value.half() for name, value in published_state.items() if not name.endswith("_index")}
    torch.save(half, tmp_path / "half.pth")
    network = published_network(tmp_path / "half.pth")
    assert torch.equal(network.conv_last.weight, half["conv_last.weight"].float())
