"""Every text of the desktop is made to appear as a user meets it, in English and in Chinese.

Nearly all of them on the real panel in a dock of 330 px, where none may be cut off; the others where Slicer shows them.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import input_texts
import job_texts
import pytest
import section_texts
import setup_texts
from chinese import speaking
from driving import open_module

from translation.update_translations import python_texts

pytestmark = [
    pytest.mark.usefixtures("application"),
    pytest.mark.skipif(os.name == "nt", reason="a worker as a shell script"),
]

SHOWN_BY: dict[Callable[[Any, Path], Iterator[str]], tuple[str, ...]] = {
    section_texts.of_module: ("ThinSliceSR", "qSlicerAbstractCoreModule"),
    section_texts.of_status: ("panel.status_texts",),
    section_texts.of_models: ("setup.weights_list",),
    section_texts.of_doubt: ("panel.doubt_section",),
    section_texts.of_choices: ("panel.advanced_section",),
    section_texts.of_comparison: ("compare.comparison", "compare.comparison_layout", "panel.compare_section"),
    section_texts.of_models_section: ("panel.models_section",),
    section_texts.of_dialogs: ("panel.dialogs", "dicom.export_dialog"),
    input_texts.of_inputs: ("panel.input_section", "scene.input_facts", "scene.volume_nodes"),
    input_texts.of_the_engine: ("scene.engine_sentences",),
    job_texts.of_runs: ("panel.panel", "run.run", "run.session", "worker.worker_process"),
    job_texts.of_outputs: ("scene.result_nodes",),
    job_texts.of_searches: ("run.doubt_search",),
    job_texts.of_exports: (
        "panel.export_section",
        "dicom.dicom_database",
        "dicom.dicom_export",
        "DICOMThinSliceSRPlugin",
    ),
    job_texts.of_failures: ("worker.outcome", "worker.private_folder"),
    setup_texts.of_installation: ("setup.installation",),
    setup_texts.of_samples: ("setup.sample_volumes",),
    setup_texts.of_diagnostics: ("setup.diagnostics_button",),
}
NOT_SHOWN: dict[tuple[str, str], str] = {}
"""Context and text of what cannot be shown outside Slicer, and why."""


@pytest.fixture(params=["English", "Chinese"])
def said(application: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], str]]:
    """What is said for a text in a context."""
    with speaking(request.param, tmp_path) as said:
        yield said


@pytest.fixture
def module(said: Any, scene: Any, temporary_folder: Path) -> Iterator[Any]:
    """The panel with all its sections open."""
    texts = (input_texts, job_texts, section_texts, setup_texts)
    widget = open_module(__name__, "shown_texts", *(file.__name__ for file in texts))
    widget.panel._available.devices = {"devices": []}  # not asked for
    for name in ("inputSection", "outputSection", "compareSection", "doubtSection", "advancedSection", "modelsSection"):
        getattr(widget.ui, name).collapsed = False
    yield widget
    widget.cleanup()


@pytest.mark.parametrize("shows", SHOWN_BY, ids=lambda shows: shows.__name__)
def test_every_text_appears(shows: Any, said: Callable[[str, str], str], module: Any, tmp_path: Path):
    folder = tmp_path / "work"
    folder.mkdir()
    texts = [text for text in set(python_texts()) if text[0] in SHOWN_BY[shows] and text not in NOT_SHOWN]
    assert {context for context, _text in texts} == set(SHOWN_BY[shows])
    seen = html.unescape("\n".join(set(shows(module, folder))))
    assert [text for text in texts if not re.search(as_shown(said(*text)), seen)] == []


def test_every_file_with_texts_is_here_and_nothing_else():
    shown = [context for contexts in SHOWN_BY.values() for context in contexts]
    assert sorted(shown) == sorted({context for context, _text in python_texts()})
    assert set(NOT_SHOWN) <= set(python_texts())


def as_shown(text: str) -> str:
    """What finds the text where anything may stand for what is in braces."""
    return r".+?".join(map(re.escape, re.split(r"\{[^{}]*\}", html.unescape(text))))
