"""Registries name weights rightly, or are refused in one sentence."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from models import TINY
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.weights import registry as registries
from ThinSliceSRLib.engine.weights.inventory import is_whole
from ThinSliceSRLib.engine.weights.registry import (
    MANIFEST,
    REGISTRY_VARIABLE,
    RegisteredModel,
    manifest_entry,
    read_registry,
    registered_models,
    registry_text,
)
from ThinSliceSRLib.engine.weights.weights_file import load_model, save_weights, untrained_network

ENTRY = RegisteredModel("far", "far.safetensors", "0" * 64, 1000, "CT", ("CC BY 4.0",), {"psnr_db": 36.1})


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation that ships one model."""
    folder = tmp_path / "installed"
    folder.mkdir()
    path = folder / "shipped.safetensors"
    save_weights(path, untrained_network(TINY), "shipped", trained=True, trained_on="LIDC-IDRI (CC BY 3.0)")
    (folder / MANIFEST).write_text(registry_text([manifest_entry(path, ["CC BY 4.0"], {"psnr_db": 36.1})]))
    monkeypatch.setattr(registries, "shipped_weights_folders", lambda: {"installed": folder})
    monkeypatch.delenv(REGISTRY_VARIABLE, raising=False)
    return folder


def test_a_registry_comes_back_as_it_was_written(tmp_path: Path):
    model = replace(ENTRY, urls=("https://example.org/far.safetensors",))
    (tmp_path / "registry.json").write_text(registry_text([model]))
    assert read_registry(tmp_path / "registry.json") == [model]


def test_the_environment_may_name_a_further_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "further.json").write_text(registry_text([ENTRY]))
    monkeypatch.setenv(REGISTRY_VARIABLE, str(tmp_path / "further.json"))
    assert list(registered_models()) == ["shipped", "far"]
    (tmp_path / "other.json").write_text(registry_text([]))
    assert list(registered_models([tmp_path / "other.json"])) == ["shipped"]


def test_a_manifest_entry_tells_of_the_file(installed: Path):
    path = installed / "shipped.safetensors"
    (entry,) = read_registry(installed / MANIFEST)
    assert (entry.name, entry.file, entry.bytes) == ("shipped", path.name, path.stat().st_size)
    assert entry.sha256 == load_model(path).sha256
    assert (entry.trained_on, entry.quality) == ("LIDC-IDRI (CC BY 3.0)", {"psnr_db": 36.1})


def test_the_shipped_manifest_names_the_very_weights_that_are_shipped():
    folder = Path(__file__).parents[4] / "model_weights"
    models = read_registry(folder / MANIFEST)
    shipped = {path.name for path in folder.glob("*.safetensors")}
    assert shipped
    assert {model.file for model in models if not model.urls} <= shipped <= {model.file for model in models}
    for model in models:
        if model.file in shipped:
            assert is_whole(folder / model.file, model)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../x", "file": "../x.safetensors"},
        {"file": "other.safetensors"},
        {"sha256": "abc"},
        {"sha256": "G" * 64},
        {"bytes": 0},
        {"bytes": "1000"},
        {"quality": 3},
        {"urls": ["ftp://x/y"]},
        {"urls": ["file:///etc/passwd"]},
        {"unheard_of": 1},
        {"name": 5},
    ],
)
def test_an_entry_that_cannot_be_one_is_refused(tmp_path: Path, change: dict):
    text = json.dumps({"format": registries.FORMAT, "models": [{**asdict(ENTRY), **change}]})
    (tmp_path / "registry.json").write_text(text)
    with pytest.raises(WeightsError, match="registry") as caught:
        read_registry(tmp_path / "registry.json")
    assert caught.value.code == "registry_unusable"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "another"}', '{"format": "ThinSliceSR registry 1"}', "\x00"]
)
def test_a_file_that_is_no_registry_is_refused(tmp_path: Path, text: str):
    (tmp_path / "registry.json").write_text(text)
    with pytest.raises(WeightsError, match="registry") as caught:
        read_registry(tmp_path / "registry.json")
    assert "\n" not in str(caught.value)


def test_a_registry_that_is_not_there_is_told(installed: Path, tmp_path: Path):
    with pytest.raises(WeightsError, match="cannot be read"):
        registered_models([tmp_path / "none.json"])
    (installed / MANIFEST).unlink()
    with pytest.raises(WeightsError, match="install ThinSliceSR again"):
        registered_models()


def test_two_registries_may_not_name_the_same_model(installed: Path):
    with pytest.raises(WeightsError, match="Two registries name the model shipped"):
        registered_models([installed / MANIFEST])
