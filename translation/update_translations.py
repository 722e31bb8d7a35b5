"""Brings the translations up to date with the texts of the panel, and tells what is not translated; see README.md."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

MODULE = Path(__file__).resolve().parents[1] / "ThinSliceSR"
TRANSLATIONS = MODULE / "Resources" / "Translations"
PANEL = MODULE / "Resources" / "UI" / "ThinSliceSR.ui"


def python_texts(module: Path = MODULE) -> Iterator[tuple[str, str]]:
    """Context and text of each `_("text")` and `translate("context", "text")` of the module.

    Raises ValueError where what stands in the brackets is no text, and would never be translated.
    """
    for file in sorted([*module.glob("*.py"), *(module / "ThinSliceSRLib").rglob("*.py")]):
        source = file.read_text(encoding="utf-8")
        if "slicer.i18n" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "translate"):
                texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                if len(texts) != len(node.args):
                    raise ValueError(f"{file}:{node.lineno}: give the text itself, so that it can be translated.")
                yield (context_of(file), texts[0]) if node.func.id == "_" else (texts[0], texts[1])


def context_of(file: Path) -> str:
    """The name under which Slicer looks for the translations of a Python file (`slicer.i18n.getContext`)."""
    return f"{file.parent.name}.{file.stem}" if file.with_name("__init__.py").exists() else file.stem


def begin(language: str) -> None:
    """Makes an empty translation file for a language by its code, such as fr-FR, unless it has one."""
    translation = TRANSLATIONS / f"ThinSliceSR_{language}.ts"
    if not translation.exists():
        header = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
        translation.write_text(f'{header}<TS version="2.1" language="{language}"></TS>\n', encoding="utf-8")


def update(translation: Path) -> None:
    """Adds new texts to a translation file and removes those that are gone, by Qt's lupdate."""
    lupdate = shutil.which("pyside6-lupdate", path=str(Path(sys.executable).parent))
    with tempfile.TemporaryDirectory() as folder:
        # Qt knows translate(), but not Slicer's _(), and reads fewer forms of Python's texts than Python.
        texts = Path(folder, "texts.py")
        quoted = [tuple(json.dumps(part, ensure_ascii=False) for part in pair) for pair in python_texts()]
        lines = [f"QCoreApplication.translate({context}, {text})\n" for context, text in quoted]
        texts.write_text("".join(lines), encoding="utf-8")
        options = ["-no-obsolete", "-locations", "none", "-source-language", "en", "-ts", str(translation)]
        subprocess.run([lupdate, str(texts), str(PANEL), *options], check=True)


def untranslated(translation: Path) -> list[str]:
    """The texts that wait for a translator, each with its context."""
    return [
        f"{context.findtext('name')}: {message.findtext('source')}"
        for context in ElementTree.parse(translation).iter("context")
        for message in context.iter("message")
        if message.find("translation").get("type") == "unfinished" or not message.findtext("translation")
    ]


def main() -> None:
    for language in sys.argv[1:]:
        begin(language)
    waiting = []
    for translation in sorted(TRANSLATIONS.glob("*.ts")):
        update(translation)
        waiting += [f"{translation.name}: {text}" for text in untranslated(translation)]
    if waiting:
        sys.exit(
            "\n".join([*waiting, f"{len(waiting)} texts are not translated yet; do so with Qt Linguist or an editor."])
        )


if __name__ == "__main__":
    main()
