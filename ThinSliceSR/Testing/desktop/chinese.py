"""The Chinese translation as Qt loads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CHINESE = Path(__file__).parents[2] / "Resources" / "Translations" / "ThinSliceSR_zh-CN.ts"


def compiled_chinese(folder: Path) -> Path:
    """The translation, compiled into the folder."""
    compiled = folder / "ThinSliceSR_zh-CN.qm"
    lrelease = shutil.which("pyside6-lrelease", path=str(Path(sys.executable).parent))
    subprocess.run([lrelease, str(CHINESE), "-qm", str(compiled)], check=True, capture_output=True)
    return compiled


@contextmanager
def speaking(language: str, folder: Path) -> Iterator[Callable[[str, str], str | None]]:
    """Qt speaks "English" or "Chinese" meanwhile; gives what it says for a context and an English text.

    Where no font has Chinese letters, Latin ones stand for them, as wide and with as many places to break a line.
    """
    from PySide6.QtCore import QCoreApplication, QTranslator
    from PySide6.QtGui import QFontDatabase

    if language == "English":
        yield lambda _context, text: text
        return
    chinese = QTranslator()
    assert chinese.load(str(compiled_chinese(folder)))
    drawn = QFontDatabase.WritingSystem.SimplifiedChinese in QFontDatabase.writingSystems()

    class AsWide(QTranslator):
        def isEmpty(self) -> bool:  # noqa: N802
            return False

        def translate(self, context: str, text: str, comment: str | None = None, number: int = -1) -> str | None:
            translation = chinese.translate(context, text)
            return translation if drawn or not translation else re.sub("[\u2e80-\uffff]", "W\u200b", translation)

    translator = AsWide()
    QCoreApplication.installTranslator(translator)
    yield translator.translate
    QCoreApplication.removeTranslator(translator)
