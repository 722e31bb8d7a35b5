"""Weights files are read whole and right, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch
from models import TINY
from ThinSliceSRLib.engine.errors import CannotWrite, WeightsError
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.weights import model_choice
from ThinSliceSRLib.engine.weights.weights_file import load_model, save_weights, untrained_network
from ThinSliceSRLib.engine.weights.weights_header import FORMAT, sha256_of, weights_metadata


@pytest.fixture
def weights_file(tmp_path: Path) -> Path:
    save_weights(tmp_path / "tiny.safetensors", untrained_network(TINY), "tiny", trained=False)
    return tmp_path / "tiny.safetensors"


def test_weights_come_back_with_their_configuration(tmp_path: Path):
    network = CTHNet(TINY)
    save_weights(tmp_path / "w.safetensors", network, "mine", trained=True, dtype=torch.float32)
    model = load_model(tmp_path / "w.safetensors")
    assert (model.name, model.label, model.trained, model.configuration) == ("mine", "mine", True, TINY)
    assert model.sha256 == sha256_of(tmp_path / "w.safetensors")
    for name, value in network.state_dict().items():
        torch.testing.assert_close(model.network.state_dict()[name], value, atol=0, rtol=0)


def test_an_untrained_model_says_so(weights_file: Path):
    assert load_model(weights_file).label == "tiny (untrained)"


def test_untrained_weights_are_the_same_each_time_and_leave_the_random_state_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, second = untrained_network(TINY), untrained_network(TINY)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_missing_weights_are_told(tmp_path: Path):
    with pytest.raises(WeightsError, match="no weights at") as caught:
        load_model(tmp_path / "none.safetensors")
    assert caught.value.code == "weights_missing"


@pytest.mark.parametrize("keep", [0, 7, 500, -1])
def test_damaged_weights_are_told(weights_file: Path, keep: int):
    weights_file.write_bytes(weights_file.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="damaged"):
        load_model(weights_file)


def test_weights_of_another_program_are_refused(tmp_path: Path):
    safetensors.torch.save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="does not hold weights of ThinSliceSR"):
        load_model(tmp_path / "other.safetensors")


def test_tensors_that_do_not_fit_the_configuration_are_told(tmp_path: Path):
    metadata = {"format": FORMAT, "name": "x", "trained": "true", "configuration": TINY.to_json()}
    safetensors.torch.save_file({"x": torch.zeros(1)}, tmp_path / "odd.safetensors", metadata)
    with pytest.raises(WeightsError, match="do not fit"):
        load_model(tmp_path / "odd.safetensors")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_no_numbers_are_told(weights_file: Path, value: float):
    network = untrained_network(TINY)
    network.conv_last.weight.data.view(-1)[3] = value
    save_weights(weights_file, network, "tiny", trained=True)
    with pytest.raises(WeightsError, match="not finite numbers"):
        load_model(weights_file)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.bool, torch.complex64])
def test_tensors_that_hold_no_fractions_are_told(weights_file: Path, dtype: torch.dtype):
    metadata, tensors = weights_metadata(weights_file), safetensors.torch.load_file(weights_file)
    last = list(tensors)[-1]
    safetensors.torch.save_file({**tensors, last: tensors[last].to(dtype)}, weights_file, metadata)
    with pytest.raises(WeightsError, match="do not fit"):
        load_model(weights_file)


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb", "a\0b", "\u202egnp", "n" * 101, "", " "])
def test_a_name_that_cannot_be_shown_is_refused(weights_file: Path, name: str):
    save_weights(weights_file, untrained_network(TINY), name, trained=True)
    with pytest.raises(WeightsError, match="no short line of letters"):
        load_model(weights_file)


def test_nothing_is_left_when_weights_cannot_be_written(tmp_path: Path):
    (tmp_path / "w.safetensors").mkdir()
    with pytest.raises(CannotWrite):
        save_weights(tmp_path / "w.safetensors", untrained_network(TINY), "tiny", trained=False)
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_auto_takes_the_largest_on_a_gpu_and_the_smallest_on_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(model_choice.WEIGHTS_FOLDER_VARIABLE, str(tmp_path))
    for name in ("cthnet-base", "cthnet-small", "cthnet-medium"):
        save_weights(tmp_path / f"{name}.safetensors", untrained_network(TINY), name, trained=True)
    assert model_choice.choose_model("auto", on_gpu=True).name == "cthnet-base"
    assert model_choice.choose_model("auto", on_gpu=False).name == "cthnet-small"
    assert model_choice.choose_model("cthnet-base", on_gpu=False).name == "cthnet-base"
    assert model_choice.choose_model(str(tmp_path / "cthnet-small.safetensors"), on_gpu=True).name == "cthnet-small"
    (tmp_path / "cthnet-base.safetensors").unlink()
    assert model_choice.choose_model("auto", on_gpu=True).name == "cthnet-medium"
    assert model_choice.choose_model("auto", on_gpu=False).name == "cthnet-small"


def test_a_model_that_is_nowhere_is_told_with_where_to_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(model_choice.WEIGHTS_FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="No weights named unheard-of") as caught:
        model_choice.choose_model("unheard-of", on_gpu=False)
    assert str(tmp_path) in str(caught.value)
