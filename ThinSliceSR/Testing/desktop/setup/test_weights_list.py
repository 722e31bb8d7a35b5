"""The models as the panel shows them, from what the engine's own command line tells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ThinSliceSRLib.desktop.setup.weights_list import (
    ListedModel,
    WeightsList,
    doubt_obstacle,
    download_arguments,
    import_arguments,
    models_to_choose,
    remove_arguments,
    weights_list_of,
)

LIBRARY = Path(__file__).resolve().parents[3]
SHIPPED = LIBRARY.parent / "model_weights" / "cthnet-small.safetensors"
# Registered in the test's own registry, with or without an address.
WITH_ADDRESS = ("far-model", "far-but-damaged", "exchanged")
WITHOUT_ADDRESS = ("lost-model", "lost-and-damaged")


class Engine:
    """The engine's command line of a user with a folder of their own and a registry that names further models."""

    def __init__(self, folder: Path) -> None:
        self.own = folder / "own"
        self.own.mkdir()
        registry = folder / "registry.json"
        facts = {"sha256": 64 * "0", "bytes": 42_000_000, "trained_on": "CT", "licences": [], "quality": {}}
        models = [
            {**facts, "name": name, "file": f"{name}.safetensors", "urls": urls}
            for names, urls in ((WITH_ADDRESS, ["https://example.org/model"]), (WITHOUT_ADDRESS, []))
            for name in names
        ]
        registry.write_text(json.dumps({"format": "ThinSliceSR registry 1", "models": models}))
        folders = {"THINSLICESR_WEIGHTS": str(self.own), "THINSLICESR_REGISTRY": str(registry)}
        self._environment = {**os.environ, **folders}

    def run(self, arguments: Sequence[str]) -> str:
        command = [sys.executable, "-m", "ThinSliceSRLib.engine", *arguments]
        run = subprocess.run(command, cwd=LIBRARY, env=self._environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def listed(self) -> WeightsList:
        return weights_list_of(json.loads(self.run(["weights", "list", "--json"])))

    def damage(self, name: str) -> None:
        (self.own / f"{name}.safetensors").write_bytes(b"cut off")


def one(listed: WeightsList, name: str, place: str | None = None) -> ListedModel:
    """The one model of that name, of that place if one is told."""
    [found] = [model for model in listed.models if model.name == name and place in (None, model.place)]
    return found


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> WeightsList:
    """The list of a user with whole, damaged, exchanged and missing models."""
    engine = Engine(tmp_path_factory.mktemp("weights"))
    engine.damage("far-but-damaged")
    engine.damage("lost-and-damaged")
    shutil.copy(SHIPPED, engine.own / "exchanged.safetensors")
    listed = engine.listed()
    assert listed.own_folder == engine.own, "this is what the panel opens"
    return listed


def test_shipped_weights_are_ready_and_cannot_be_removed(listed: WeightsList) -> None:
    model = one(listed, "cthnet-small")

    assert model.line == "cthnet-small · 4.3 MB · ready · tells where it may be wrong · came with ThinSliceSR"
    assert model.path == SHIPPED
    assert model.usable
    assert not model.removable


def test_registered_weights_that_are_not_here_tell_whether_they_can_be_downloaded(listed: WeightsList) -> None:
    far, lost = one(listed, "far-model"), one(listed, "lost-model")

    assert far.line == "far-model · 42.0 MB · not on this computer, can be downloaded"
    assert far.downloadable
    assert "import its file" in lost.line
    assert not lost.downloadable
    assert not far.usable
    assert not far.removable


def test_damaged_weights_say_what_to_do(listed: WeightsList) -> None:
    far, lost = one(listed, "far-but-damaged"), one(listed, "lost-and-damaged")

    assert far.line == "far-but-damaged · 0.0 MB · damaged; remove it, then download it again · in your own folder"
    assert "damaged; remove it, then import it again" in lost.line
    assert far.removable


def test_other_weights_under_a_registered_name_are_told(listed: WeightsList) -> None:
    model = one(listed, "exchanged")

    assert "not the registered model of this name; remove it, then download it again" in model.line


def test_whole_models_can_be_chosen_and_the_automatic_choice_comes_first(listed: WeightsList) -> None:
    assert models_to_choose(listed) == [
        ("Automatic (cthnet-small)", "auto"),
        ("exchanged", "exchanged"),
        ("cthnet-small", "cthnet-small"),
    ]


def test_damaged_weights_hide_the_whole_ones_of_their_name_and_both_lines_say_so(engine: Engine) -> None:
    engine.damage("cthnet-small")

    listed = engine.listed()
    hidden = one(listed, "cthnet-small", "clone")

    assert "damaged" in one(listed, "cthnet-small", "own").line
    assert hidden.line.endswith(" · came with ThinSliceSR · not used, because another of this name is found first")
    assert [value for _label, value in models_to_choose(listed)] == ["auto"]


def test_imported_weights_are_listed_chosen_and_removed_again(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "of our clinic.safetensors"
    engine.run(["weights", "untrained", str(file)])

    engine.run(import_arguments(file))
    listed = engine.listed()
    model = one(listed, "cthnet-small-untrained")

    assert model.line.endswith(" · ready, not a registered model · untrained, for tests only · in your own folder")
    assert ("cthnet-small-untrained (untrained, for tests only)", model.name) in models_to_choose(listed)

    engine.run(remove_arguments(model.name))
    assert list(engine.own.iterdir()) == []


def test_a_download_tells_events(engine: Engine) -> None:
    last = engine.run(download_arguments("cthnet-small")).splitlines()[-1]

    assert json.loads(last)["event"] == "finished"


def test_a_file_is_imported_by_its_whole_path() -> None:
    assert Path(import_arguments(Path("model.safetensors"))[-1]).is_absolute()


def test_a_user_without_a_folder_of_their_own_still_sees_the_models() -> None:
    automatic = {"gpu": None, "cpu": None}
    told = {"folders": {"installed": "/program"}, "weights": [], "registered": [], "automatic": automatic}

    assert weights_list_of(told) == WeightsList((), None)
    assert models_to_choose(WeightsList((), None)) == [("Automatic", "auto")]


def test_the_automatic_choice_names_the_models_that_are_here(engine: Engine) -> None:
    engine.run(["weights", "untrained", str(engine.own / "cthnet-base.safetensors"), "--model", "base"])

    assert models_to_choose(engine.listed()) == [
        ("Automatic (cthnet-base on a GPU, cthnet-small on a CPU)", "auto"),
        ("cthnet-base (untrained, for tests only)", "cthnet-base"),
        ("Fast: cthnet-small", "cthnet-small"),
    ]


def test_anything_else_than_the_list_is_refused() -> None:
    with pytest.raises(KeyError):
        weights_list_of({"event": "started"})


def test_a_model_with_doubt_says_so_and_only_where_none_of_those_that_may_run_has_it_there_is_an_obstacle():
    base, small = (ListedModel(name, 1, "registered", "clone", Path(name), used=True) for name in ("base", "small"))
    doubting = replace(base, doubts=True)
    assert "tells where it may be wrong" in doubting.line
    assert "tells where" not in small.line
    both = WeightsList((doubting, small), None, ("base", "small"))
    assert doubt_obstacle(None, "small", "auto") == ""
    assert doubt_obstacle(both, "auto", "auto") == ""  # there may be a GPU
    assert "The model small cannot tell" in doubt_obstacle(both, "auto", "cpu")
    assert "The model small cannot tell" in doubt_obstacle(both, "small", "cuda:0")
    assert doubt_obstacle(both, "not-here", "cpu") == ""  # which the run tells
    neither = WeightsList((base, small), None, ("base", "small"))
    assert "No model on this computer can tell" in doubt_obstacle(neither, "auto", "auto")
