"""The question before an export to DICOM: what, where to, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from . import dicom_database


@dataclass(frozen=True)
class ExportChoice:
    """folder: where a new folder with the series is made; None for Slicer's DICOM database."""

    folder: Path | None
    with_bis: bool
    compressed: bool
    anonymous: bool


class ExportDialog:
    """The dialog with its choices; `widget.exec_()` shows it."""

    def __init__(self, has_bis: bool) -> None:
        self.widget = qt.QDialog(slicer.util.mainWindow())
        self.widget.setWindowTitle(_("Export to DICOM"))
        explanation = qt.QLabel(
            _("Makes a new CT series of the latest result, in the study of the input, which says that it is synthetic.")
        )
        explanation.wordWrap = True
        self.to_database = qt.QRadioButton(_("Add to Slicer's DICOM database"))
        self.to_folder = qt.QRadioButton(_("Save in a new folder, in a folder that I choose next"))
        self.with_bis = qt.QCheckBox(_("Also the BIS volume (bicubic interpolation)"))
        self.compressed = qt.QCheckBox(_("Compress without loss (RLE)"))
        self.anonymous = qt.QCheckBox(_("Leave out who the patient is"))
        self.anonymous.toolTip = _(
            "Without names, dates and numbers, in a study and of a patient of its own. The pixels stay as they are."
        )
        self.to_database.enabled = dicom_database.is_open()
        chosen = self.to_database if dicom_database.is_open() else self.to_folder
        chosen.checked = True
        self.with_bis.enabled = has_bis
        buttons = qt.QDialogButtonBox(qt.QDialogButtonBox.Ok | qt.QDialogButtonBox.Cancel)
        buttons.accepted.connect(self.widget.accept)
        buttons.rejected.connect(self.widget.reject)
        layout = qt.QVBoxLayout(self.widget)
        choices = (self.to_database, self.to_folder, self.with_bis, self.compressed, self.anonymous)
        for part in (explanation, *choices, buttons):
            layout.addWidget(part)

    def choice(self, folder: Path | None) -> ExportChoice:
        return ExportChoice(folder, self.with_bis.checked, self.compressed.checked, self.anonymous.checked)


def choose_export(has_bis: bool) -> ExportChoice | None:
    """What the user wants; None when that is nothing."""
    dialog = ExportDialog(has_bis)
    if not dialog.widget.exec_():
        return None
    if dialog.to_database.checked:
        return dialog.choice(None)
    folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Folder for the DICOM series"))
    return dialog.choice(Path(folder)) if folder else None
