"""What the panel asks of the user in windows of its own; tests answer in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from ..dicom.export_dialog import ExportChoice, choose_export


def _choose_weights_file() -> Path | None:
    chosen = qt.QFileDialog.getOpenFileName(
        slicer.util.mainWindow(), _("Weights file"), "", _("Weights (*.safetensors *.pkl *.pth *.pt)")
    )
    return Path(chosen) if chosen else None


def _show_log(sentence: str, log: str) -> None:
    slicer.util.messageBox(sentence, windowTitle=_("Log of the background program"), detailedText=log)


def _open_folder(folder: Path) -> None:
    qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(folder)))


@dataclass(frozen=True)
class Dialogs:
    """ask: a question that is answered by OK or Cancel. choose_export: see there."""

    ask: Callable[[str], bool] = slicer.util.confirmOkCancelDisplay
    choose_weights_file: Callable[[], Path | None] = _choose_weights_file
    show_log: Callable[[str, str], None] = _show_log
    open_folder: Callable[[Path], None] = _open_folder
    choose_export: Callable[[bool], ExportChoice | None] = choose_export
