"""Every text of the panel can be translated, and is, into Chinese; a real window shows it so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from chinese import CHINESE, compiled_chinese
from driving import add_thick_volume, open_module

from translation import update_translations
from translation.update_translations import PANEL, TRANSLATIONS, begin, python_texts, untranslated, update

FILES = sorted(TRANSLATIONS.glob("*.ts"))

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def translations(file: Path) -> dict[tuple[str, str], str]:
    """What each text, in its context, is translated to."""
    return {
        (context.findtext("name"), message.findtext("source")): message.findtext("translation")
        for context in ElementTree.parse(file).iter("context")
        for message in context.iter("message")
    }


def panel_texts() -> set[tuple[str, str]]:
    """Context and text of all that Qt's loader translates in the .ui file."""
    panel = ElementTree.parse(PANEL).getroot()
    strings = [string for parent in panel.iter() if parent.get("notr") != "true" for string in parent.findall("string")]
    return {
        (panel.findtext("class"), string.text) for string in strings if string.text and string.get("notr") != "true"
    }


@every_file
def test_the_translation_has_every_text_and_no_other(file: Path):
    found, expected = set(translations(file)), set(python_texts()) | panel_texts()
    assert sorted(expected - found) == [], "run `make translations`"
    assert sorted(found - expected) == [], "run `make translations`"


@every_file
def test_no_text_waits_for_a_translator(file: Path):
    assert untranslated(file) == []


@every_file
@pytest.mark.parametrize("kept", [r"(?<!{){[^{}]+}(?!})", r"<[^>]+>", r"\*\.\w+", r"https?://\S+|\w+\.(?:org|io)\b"])
def test_placeholders_tags_and_addresses_are_kept(file: Path, kept: str):
    # Slicer shows the English text instead where a placeholder is not kept.
    lost = {
        text: translation
        for (_context, text), translation in translations(file).items()
        if sorted(re.findall(kept, text)) != sorted(re.findall(kept, translation))
    }
    assert lost == {}


def test_the_names_of_parameters_are_not_translated():
    names = set(re.findall(r'"SlicerParameterName" stdset="0">\s*<string[^>]*>(\w+)<', PANEL.read_text("utf-8")))
    assert "inputVolume" in names
    assert names.isdisjoint(text for _context, text in panel_texts())


def test_a_new_text_is_added_and_told_and_one_that_is_gone_is_removed(tmp_path: Path):
    file = tmp_path / CHINESE.name
    file.write_text(
        CHINESE.read_text("utf-8").replace("<source>Real thin CT:</source>", "<source>Thin CT:</source>"), "utf-8"
    )
    before = translations(file)
    update(file)
    assert untranslated(file) == ["ThinSliceSR: Real thin CT:"]
    assert set(before) - set(translations(file)) == {("ThinSliceSR", "Thin CT:")}


def test_a_new_language_begins_with_every_text_untranslated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(update_translations, "TRANSLATIONS", tmp_path)
    begin("fr-FR")
    file = tmp_path / "ThinSliceSR_fr-FR.ts"
    update(file)
    assert len(untranslated(file)) == len(translations(CHINESE))
    assert ElementTree.parse(file).getroot().get("language") == "fr-FR"  # as Slicer's Language Tools read it


def test_a_text_that_could_not_be_translated_is_refused(tmp_path: Path):
    (tmp_path / "Module.py").write_text("from slicer.i18n import tr as _\n\n_(f'{1} slices')\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"Module\.py:3: give the text itself"):
        list(python_texts(tmp_path))


@pytest.fixture
def chinese(application: Any, tmp_path: Path) -> Iterator[dict[tuple[str, str], str]]:
    """Qt speaks Chinese meanwhile, as Slicer does when that is its language."""
    from PySide6.QtCore import QCoreApplication, QTranslator

    translator = QTranslator()
    assert translator.load(str(compiled_chinese(tmp_path)))
    QCoreApplication.installTranslator(translator)
    yield translations(CHINESE)
    QCoreApplication.removeTranslator(translator)


def test_the_panel_speaks_chinese(chinese: dict[tuple[str, str], str], scene: Any):
    import slicer

    module = open_module(__name__)
    try:
        assert module.ui.applyButton.text == "开始"
        assert module.ui.lungButton.text == "肺窗"
        assert module.ui.factsLabel.text == "请选择厚层胸部 CT。"
        shown = {widget.property(name) for widget in vars(module.ui).values() for name in ("text", "toolTip")}
        english = {text for context, text in panel_texts() if chinese[context, text] != text}
        assert shown.isdisjoint(english)
        module.ui.inputSelector.setCurrentNode(add_thick_volume())
        assert module.ui.factsLabel.text.startswith("8 层，层间距 5 mm · 40×40 · 横断面")
        assert module._parameters.inputVolume is module.ui.inputSelector.currentNode()
    finally:
        module.cleanup()
    assert slicer.modules.ThinSliceSRInstance.parent.categories == ["图像合成"]
