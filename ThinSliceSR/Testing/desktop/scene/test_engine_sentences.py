"""What the engine finds is told in the language of the panel, with the engine's own numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chinese import compiled_chinese
from driving import add_thick_volume, choose, open_module
from engine_findings import every_finding, every_sentence
from ThinSliceSRLib.desktop.scene.engine_sentences import sentences, translated
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.events.told import Warned
from ThinSliceSRLib.engine.findings import checked_volume, on_scale, on_slices, on_values


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    return every_finding()


@pytest.fixture(scope="module")
def said(found: list[Finding]) -> list[str]:
    return every_sentence(found)


@pytest.fixture
def chinese(application: Any, tmp_path: Path) -> Iterator[None]:
    from PySide6.QtCore import QCoreApplication, QTranslator

    translator = QTranslator()
    assert translator.load(str(compiled_chinese(tmp_path)))
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def numbers(text: str) -> list[str]:
    return sorted(re.findall(r"-?\d+(?:\.\d+)?", text))


def test_the_findings_here_are_all_that_there_are(found: list[Finding]):
    sources = [Path(module.__file__).read_text("utf-8") for module in (checked_volume, on_scale, on_slices, on_values)]
    calls = [node for source in sources for node in ast.walk(ast.parse(source)) if is_finding(node)]
    codes = {call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)}
    assert len(codes) > 12
    assert {finding.code for finding in found} == codes


def is_finding(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"


def test_in_english_they_are_the_engines_own(said: list[str]):
    assert [translated(sentence) for sentence in said] == said


def test_every_finding_is_told_in_chinese_with_the_same_numbers(said: list[str], chinese: None):
    for sentence in said:
        translation = translated(sentence)
        assert re.search("[\u4e00-\u9fff]", translation), sentence
        assert not re.search(r"\b(one|cubes?|more|and|computer|takes)\b", translation), translation
        assert numbers(translation) == numbers(sentence)


def test_no_template_waits_for_a_sentence_that_the_engine_does_not_say(said: list[str]):
    patterns = [re.sub(r"\\{\w+\\}", ".+", re.escape(template)) for template in sentences(str)]
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, sentence) for sentence in said)] == []


def test_another_sentence_stays_as_it_is(chinese: None):
    assert translated("The disk is full.") == "The disk is full."


def test_the_chinese_panel_tells_findings_in_chinese(chinese: None, scene: Any, temporary_folder: Path):
    module = open_module(__name__)
    try:
        choose(module.ui.inputSelector, add_thick_volume(spacing_mm=12.5))
        assert "层间距为 12.5 mm，而网络是为 2 至 10 mm 设计的" in module.ui.findingsLabel.text
        module.ui.applyButton.click()
        message = "The slices are 12.5 mm apart, but the network is made for 2 to 10 mm; look at the result with care."
        module.panel._run._on_event(Warned("spacing_unusual", message))
        assert "层间距为 12.5 mm" in module.panel._messages._notice
    finally:
        module.cleanup()


def test_a_warning_of_a_run_names_no_option_of_the_command_line(application: Any, module: Any, found: list[Finding]):
    told = next(finding.message for finding in found if finding.code == "thickness_unknown")
    assert "--slab-mm" in told
    choose(module.ui.inputSelector, add_thick_volume())
    module.ui.applyButton.click()
    module.panel._run._on_event(Warned("thickness_unknown", told))
    assert "under Advanced" in module.panel._messages._notice
    assert "--" not in module.panel._messages._notice
