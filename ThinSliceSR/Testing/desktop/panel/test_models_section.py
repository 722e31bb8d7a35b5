"""The panel's list of models, used as a user does: real downloads from a real server into a real folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from driving import wait_for
from weights_server import WeightsServer

pytestmark = pytest.mark.usefixtures("application")
SHIPPED = Path(__file__).resolve().parents[4] / "model_weights" / "cthnet-small.safetensors"


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with WeightsServer(SHIPPED.read_bytes()) as server:
        yield server


@pytest.fixture
def own_folder(server: WeightsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder for weights, which is not there yet; the server has `far-model`, which is registered."""
    far = {
        "name": "far-model",
        "file": "far-model.safetensors",
        "sha256": sha256(server.content).hexdigest(),
        "bytes": len(server.content),
        "trained_on": "CT",
        "licences": ["CC BY 4.0"],
        "quality": {},
        "urls": [f"{server.address}/far-model.safetensors"],
    }
    registry = tmp_path / "registry.json"
    registry.write_text(json.dumps({"format": "ThinSliceSR registry 1", "models": [far]}))
    monkeypatch.setenv("THINSLICESR_REGISTRY", str(registry))
    monkeypatch.setenv("THINSLICESR_WEIGHTS", str(tmp_path / "own"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "own"


@pytest.fixture
def asked(module: Any) -> SimpleNamespace:
    """What the user is asked, and how they answer: to be changed by a test."""
    asked = SimpleNamespace(questions=[], agrees=True, file=None, opened=[])

    def ask(question: str) -> bool:
        asked.questions.append(question)
        return asked.agrees

    module.panel._models._dialogs = type(module.panel._dialogs)(
        ask=ask, choose_weights_file=lambda: asked.file, open_folder=asked.opened.append
    )
    return asked


def open_section(module: Any) -> None:
    module.ui.modelsSection.collapsed = False
    wait_for(lambda: module.ui.modelsList.count > 0 and module.ui.importButton.enabled)


def line_of(module: Any, name: str) -> str:
    """What is listed of a model; it is chosen."""
    rows = range(module.ui.modelsList.count)
    [row] = [row for row in rows if module.ui.modelsList.item(row).text().startswith(f"{name} ")]
    module.ui.modelsList.currentRow = row
    return module.ui.modelsList.item(row).text()


def wait_until_told(module: Any, words: str) -> None:
    """Returns when the panel says so and has listed the models anew."""
    wait_for(lambda: words in module.ui.modelsStatusLabel.text and module.ui.importButton.enabled)


def test_a_downloaded_model_can_be_chosen_for_the_next_run(module: Any, own_folder: Path, asked: SimpleNamespace):
    open_section(module)
    assert "can be downloaded" in line_of(module, "far-model")
    assert not module.ui.removeButton.enabled
    module.ui.downloadButton.click()
    assert not module.ui.downloadButton.enabled, "one thing at a time"
    wait_until_told(module, "Downloaded.")
    assert "ready · tells where it may be wrong · in your own folder" in line_of(module, "far-model")
    assert module.ui.modelComboBox.findData("far-model") > 0
    assert not module.ui.downloadButton.enabled
    assert (own_folder / "far-model.safetensors").read_bytes() == SHIPPED.read_bytes()


def test_a_download_that_fails_says_why(module: Any, own_folder: Path, server: WeightsServer):
    server.statuses = [404]
    open_section(module)
    line_of(module, "far-model")
    module.ui.downloadButton.click()
    wait_until_told(module, "answered 404")
    assert "can be downloaded" in line_of(module, "far-model")
    assert module.ui.downloadButton.enabled


def test_imported_weights_are_listed_and_removed_only_when_the_user_agrees(
    module: Any, own_folder: Path, asked: SimpleNamespace, tmp_path: Path
):
    open_section(module)
    module.ui.importButton.click()
    assert module.ui.importButton.enabled, "no file was chosen"
    asked.file = tmp_path / "from-a-colleague.safetensors"
    asked.file.write_bytes(SHIPPED.read_bytes())
    module.ui.importButton.click()
    wait_until_told(module, "Imported.")
    [imported] = own_folder.glob("*.safetensors")
    line_of(module, imported.stem)
    asked.agrees = False
    module.ui.removeButton.click()
    assert imported.stem in asked.questions[0]
    assert module.ui.importButton.enabled
    assert imported.exists()
    asked.agrees = True
    module.ui.removeButton.click()
    wait_until_told(module, "Removed.")
    assert not imported.exists()


def test_the_own_folder_is_there_when_it_is_opened(module: Any, own_folder: Path, asked: SimpleNamespace):
    open_section(module)
    module.ui.openFolderButton.click()
    assert asked.opened == [own_folder]
    assert own_folder.is_dir()


def test_a_list_that_cannot_be_had_is_told_in_the_engines_sentence(module: Any, own_folder: Path, tmp_path: Path):
    (tmp_path / "registry.json").write_text("no registry")
    module.ui.modelsSection.collapsed = False
    wait_until_told(module, "registry.json")
    assert module.ui.modelsList.count == 0


def test_words_of_others_among_the_answers_do_no_harm_and_no_answer_is_told(
    module: Any, own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As where something in the user's Python prints as soon as it starts."""
    (tmp_path / "sitecustomize.py").write_text("print('Welcome')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    open_section(module)
    assert "ready" in line_of(module, "cthnet-small")
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(0)\n")
    module.panel._models._refresh()
    wait_until_told(module, "ended unexpectedly")


def test_models_are_listed_before_the_devices_are_known_and_what_goes_on_is_told(module: Any, own_folder: Path):
    told: list[str] = []
    offer = module.panel._offer_models
    module.panel._models._on_listed = lambda w: offer(w) or told.append(module.ui.modelsStatusLabel.text)
    module.ui.modelsSection.collapsed = False
    assert module.ui.modelsStatusLabel.text == "Looking for models on this computer…"
    assert module.ui.deviceComboBox.itemText(0) == "Automatic (looking for GPUs…)"
    worker = module.panel._available._worker
    module.ui.advancedSection.collapsed = False
    assert module.panel._available._worker is worker, "one worker tells both"
    wait_for(lambda: module.ui.modelsList.count > 0)
    assert told == ["Looking for models on this computer…"]
    assert module.ui.modelsStatusLabel.text == "Looking for devices that can compute…"
    assert module.panel._available.devices is None
    wait_for(lambda: not module.panel._available.asking)
    assert module.ui.modelsStatusLabel.text == ""
    assert module.ui.deviceComboBox.itemText(0) == "Automatic"
    assert module.ui.modelComboBox.itemText(0) == "Automatic (cthnet-small)"


def test_what_could_not_be_asked_is_asked_again_when_the_section_is_opened_again(
    module: Any, own_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    module.ui.modelsSection.collapsed = False
    wait_until_told(module, "could not be started")
    assert module.ui.deviceComboBox.itemText(0) == "Automatic"
    monkeypatch.undo()
    module.ui.modelsSection.collapsed = True
    open_section(module)
    assert "could not be started" not in module.ui.modelsStatusLabel.text
