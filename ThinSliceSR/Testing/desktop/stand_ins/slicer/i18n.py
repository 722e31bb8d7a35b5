"""Stands for slicer.i18n: asks Qt's translators, in the context that Slicer computes from the caller's file.

It cannot prove that Slicer has a translation and loads it.
"""

from __future__ import annotations

import inspect
from pathlib import Path


def tr(text: str) -> str:
    file = Path(inspect.currentframe().f_back.f_code.co_filename)
    in_package = (file.parent / "__init__.py").exists()
    return translate(f"{file.parent.name}.{file.stem}" if in_package else file.stem, text)


def translate(context: str, text: str) -> str:
    from PySide6.QtCore import QCoreApplication

    return QCoreApplication.translate(context, text)
