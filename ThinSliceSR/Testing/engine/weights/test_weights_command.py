"""The verb `weights`: what is where, what is whole, and what comes into and goes out of the user's own folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from models import TINY
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.weights import model_choice
from ThinSliceSRLib.engine.weights import registry as registries
from ThinSliceSRLib.engine.weights.registry import (
    MANIFEST,
    REGISTRY_VARIABLE,
    RegisteredModel,
    manifest_entry,
    registry_text,
)
from ThinSliceSRLib.engine.weights.weights_file import load_model, save_weights, untrained_network
from weights_server import WeightsServer

ENTRY = RegisteredModel("far", "far.safetensors", "0" * 64, 1000, "CT", ("CC BY 4.0",), {"psnr_db": 36.1})


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A user's own folder, which does not exist yet, and an installation with one registered model, `shipped`."""
    own, installed = tmp_path / "own", tmp_path / "installed"
    installed.mkdir()
    save(installed / "shipped.safetensors")
    entry = manifest_entry(installed / "shipped.safetensors", ["CC BY 4.0"], {"psnr_db": 36.1})
    (installed / MANIFEST).write_text(registry_text([entry]))
    for module in (model_choice, registries):
        monkeypatch.setattr(module, "shipped_weights_folders", lambda: {"installed": installed})
    monkeypatch.setenv(model_choice.WEIGHTS_FOLDER_VARIABLE, str(own))
    monkeypatch.delenv(REGISTRY_VARIABLE, raising=False)
    return {"own": own, "installed": installed}


def save(path: Path, name: str | None = None) -> Path:
    save_weights(path, untrained_network(TINY), name or path.stem, trained=True, trained_on="LIDC-IDRI (CC BY 3.0)")
    return path


@pytest.fixture
def weights(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the verb: exit code, what it printed, and what it said on stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["weights", *map(str, arguments)])
        return (code, *capsys.readouterr())

    return run


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def listed(weights: Callable[..., tuple[int, str, str]], *arguments: object) -> dict[tuple[str, str], dict]:
    """What `list --json` tells of weights that are there, by name and place."""
    told = json.loads(weights("list", "--json", *arguments)[1])
    return {(file["name"], file["place"]): file for file in told["weights"]}


def test_the_list_tells_what_is_where_and_what_is_registered(weights, places, tmp_path: Path):
    places["own"].mkdir()
    save(places["own"] / "mine.safetensors")
    (tmp_path / "further.json").write_text(registry_text([ENTRY]))
    told = json.loads(weights("list", "--json", "--registry", tmp_path / "further.json")[1])
    assert told["folders"] == {place: str(folder) for place, folder in places.items()}
    assert [(file["name"], file["place"], file["state"], file["trained"]) for file in told["weights"]] == [
        ("mine", "own", "local", True),
        ("shipped", "installed", "registered", True),
    ]
    assert {model["name"]: model["there"] for model in told["registered"]} == {"shipped": True, "far": False}
    code, text, errors = weights("list", "--registry", tmp_path / "further.json")
    assert (code, errors) == (0, "")
    assert "mine  " in text
    assert "ready, not a registered model" in text
    assert "far  0.0 MB  not on this computer; get it with: thinslicesr weights import FILE" in text


def test_the_list_tells_damaged_weights_and_others_under_a_registered_name(weights, places):
    places["own"].mkdir()
    (places["own"] / "broken.safetensors").write_bytes(b"no weights")
    save(places["own"] / "shipped.safetensors", "something else")
    files = listed(weights)
    assert files["broken", "own"]["state"] == "damaged"
    assert files["shipped", "own"]["state"] == "differs"
    assert files["shipped", "own"]["used"]
    assert files["shipped", "installed"]["state"] == "registered"
    assert not files["shipped", "installed"]["used"]


def test_the_own_folder_is_found_where_the_system_keeps_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv(model_choice.WEIGHTS_FOLDER_VARIABLE)
    monkeypatch.setattr(model_choice.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert model_choice.own_weights_folder() == tmp_path / "ThinSliceSR" / "model_weights"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert model_choice.own_weights_folder().is_relative_to(tmp_path / ".local" / "share")
    monkeypatch.setattr(model_choice.sys, "platform", "darwin")
    assert model_choice.own_weights_folder().is_relative_to(tmp_path / "Library" / "Application Support")
    monkeypatch.setattr(model_choice.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert model_choice.own_weights_folder().is_relative_to(tmp_path / "local")


def test_who_has_no_home_can_use_what_is_installed(weights, places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def no_home() -> Path:
        raise RuntimeError

    for name in (model_choice.WEIGHTS_FOLDER_VARIABLE, "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert model_choice.choose_model("shipped", on_gpu=False).name == "shipped"
    code, _, errors = weights("import", save(tmp_path / "mine.safetensors"))
    assert (code, errors.count("\n")) == (3, 1)
    assert model_choice.WEIGHTS_FOLDER_VARIABLE in errors


def test_a_download_makes_registered_weights_usable_by_their_name(weights, places, tmp_path: Path):
    content = save(tmp_path / "far.safetensors").read_bytes()
    entry = manifest_entry(tmp_path / "far.safetensors", ["CC BY 4.0"], {})
    with WeightsServer(content) as server:
        (tmp_path / "further.json").write_text(registry_text([replace(entry, urls=(f"{server.address}/far",))]))
        code, text, errors = weights("download", "far", "--registry", tmp_path / "further.json")
    assert (code, errors) == (0, "")
    assert str(places["own"] / "far.safetensors") in text
    assert model_choice.choose_model("far", on_gpu=False).sha256 == entry.sha256
    assert listed(weights, "--registry", tmp_path / "further.json")["far", "own"]["state"] == "registered"


def test_a_download_shows_a_bar_when_asked(weights, tmp_path: Path):
    content = save(tmp_path / "far.safetensors").read_bytes()
    entry = manifest_entry(tmp_path / "far.safetensors", [], {})
    (tmp_path / "further.json").write_text(registry_text([entry]))
    with WeightsServer(content, cut_after=[len(content) // 2]) as server:
        code, _, bar = weights(
            "download", "far", "--registry", tmp_path / "further.json", "--mirror", server.address, "--progress", "bar"
        )
    assert code == 0
    assert "download: 100%" in bar


def test_a_name_that_is_not_registered_is_told_with_those_that_are(weights):
    code, _, errors = weights("download", "unheard-of")
    assert (code, errors) == (3, "No weights named unheard-of are registered; choose one of: shipped.\n")


def test_a_weights_file_is_imported_under_its_own_name(weights, places, tmp_path: Path):
    source = save(tmp_path / "file.safetensors", "mine")
    code, text, errors = weights("import", source)
    assert (code, errors) == (0, "")
    assert "--weights mine" in text
    assert names(places["own"]) == {"mine.safetensors"}
    assert (places["own"] / "mine.safetensors").read_bytes() == source.read_bytes()
    assert model_choice.choose_model("mine", on_gpu=False).name == "mine"
    assert weights("import", source)[0] == 0  # they are there already


def test_a_weights_file_is_imported_under_the_name_that_is_given(weights, places, tmp_path: Path):
    assert weights("import", save(tmp_path / "file.safetensors"), "--name", "mine")[0] == 0
    assert names(places["own"]) == {"mine.safetensors"}


def test_registered_weights_are_recognised_whatever_their_file_is_called(weights, places, tmp_path: Path):
    shutil.copy(places["installed"] / "shipped.safetensors", tmp_path / "copy.safetensors")
    assert str(places["installed"] / "shipped.safetensors") in weights("import", tmp_path / "copy.safetensors")[1]
    assert not places["own"].exists()


def test_other_weights_do_not_take_a_name_that_is_taken(weights, places, tmp_path: Path):
    first, second = save(tmp_path / "a.safetensors", "mine"), save(tmp_path / "b.safetensors", "yours")
    assert weights("import", second, "--name", "shipped")[2].startswith("The name shipped belongs to other weights")
    (tmp_path / "further.json").write_text(registry_text([ENTRY]))
    assert weights("import", second, "--name", "far", "--registry", tmp_path / "further.json")[0] == 2
    assert weights("import", first)[0] == 0
    code, _, errors = weights("import", second, "--name", "mine")
    assert code == 2
    assert "(--overwrite)" in errors
    assert (places["own"] / "mine.safetensors").read_bytes() == first.read_bytes()
    assert weights("import", second, "--name", "mine", "--overwrite")[0] == 0
    assert (places["own"] / "mine.safetensors").read_bytes() == second.read_bytes()
    assert names(places["own"]) == {"mine.safetensors"}


@pytest.mark.parametrize("name", ["auto", "../escape", "a/b", "x.safetensors", ".hidden", "", "two words"])
def test_a_name_that_is_none_is_wrong_usage(weights, places, tmp_path: Path, name: str):
    source = save(tmp_path / "file.safetensors", "bad name")
    assert weights("import", source, "--name", name)[0] == 2
    assert weights("remove", name)[0] == 2
    assert not places["own"].exists()


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_a_file_that_is_no_weights_is_refused(weights, places, tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "file.safetensors").write_bytes(content)
    code, _, errors = weights("import", tmp_path / "file.safetensors")
    assert (code, errors.count("\n")) == (3, 1)
    assert not places["own"].exists()


def test_verify_tells_each_weights_file(weights, places):
    places["own"].mkdir()
    save(places["own"] / "mine.safetensors")
    code, text, errors = weights("verify")
    assert (code, errors) == (0, "")
    assert [line.split(":")[0] for line in text.splitlines()] == ["right", "right"]
    assert text.count("by its SHA-256 the registered one") == 1


def test_verify_fails_when_weights_are_damaged_or_other_ones(weights, places):
    places["own"].mkdir()
    (places["own"] / "mine.safetensors").write_bytes(b"no weights")
    damaged = bytearray((places["installed"] / "shipped.safetensors").read_bytes())
    damaged[-1] ^= 1
    (places["installed"] / "shipped.safetensors").write_bytes(damaged)
    code, text, errors = weights("verify")
    assert (code, errors) == (3, "2 of 2 weights files are wrong; see above what to do.\n")
    assert text.count("wrong: ") == 2
    assert "does not hold the registered weights shipped" in text


def test_verify_with_no_weights_at_all_is_content(weights, places):
    (places["installed"] / "shipped.safetensors").unlink()
    assert weights("verify") == (0, "There are no weights to verify.\n", "")


def test_remove_takes_weights_and_what_a_download_left_out_of_the_own_folder(weights, places):
    places["own"].mkdir()
    save(places["own"] / "mine.safetensors")
    save(places["own"] / "other.safetensors")
    (places["own"] / "mine.safetensors.part").write_bytes(b"half")
    (places["own"] / "mine.safetensors.part.version").write_text('"1"')
    code, text, errors = weights("remove", "mine")
    assert (code, errors) == (0, "")
    assert text.count("Removed ") == 3
    assert names(places["own"]) == {"other.safetensors"}
    assert weights("remove", "mine")[0] == 3


def test_remove_leaves_the_installation_alone(weights, places):
    code, _, errors = weights("remove", "shipped")
    assert code == 3
    assert "came with ThinSliceSR, so it stays" in errors
    assert "shipped.safetensors" in names(places["installed"])


def test_remove_works_in_the_installation_when_it_is_the_own_folder(weights, places, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(model_choice.WEIGHTS_FOLDER_VARIABLE, str(places["installed"]))
    assert list(model_choice.weights_places()) == ["own"]
    assert weights("remove", "shipped")[0] == 0
    assert names(places["installed"]) == {MANIFEST}


def test_untrained_weights_are_written(weights, tmp_path: Path):
    assert weights("untrained", tmp_path / "start.safetensors")[0] == 0
    assert not load_model(tmp_path / "start.safetensors").trained
    assert weights("untrained", tmp_path / "start.safetensors")[0] == 2


def test_debug_may_stand_behind_the_action(weights, tmp_path: Path):
    assert "Traceback" in weights("import", tmp_path / "none.pkl", "--debug")[2]
    assert "Traceback" not in weights("import", tmp_path / "none.pkl")[2]


def test_a_registry_that_cannot_be_used_is_told(weights, tmp_path: Path):
    (tmp_path / "registry.json").write_text("[]")
    code, _, errors = weights("list", "--registry", tmp_path / "registry.json")
    assert (code, errors.count("\n")) == (3, 1)
