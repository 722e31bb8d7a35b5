"""The question before an export to DICOM: what, where to, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
            _(
                "Makes a new CT series of the latest DLS volume. It joins the study of the input and says that it is "
                "synthetic."
            )
        )
        explanation.wordWrap = True
        self.to_database = qt.QRadioButton(_("Add to Slicer's DICOM database"))
        self.to_folder = qt.QRadioButton(_("Save in a new folder, at a place that I choose next"))
        self.with_bis = qt.QCheckBox(_("Also the BIS volume (bicubic interpolation)"))
        self.with_bis.toolTip = _(
            "BIS is interpolated, without a network. Tick this to compare DLS with it where the series are read later."
        )
        self.compressed = qt.QCheckBox(_("Compress without loss (RLE)"))
        self.compressed.toolTip = _("Smaller files with the same values. Some older programs cannot read them.")
        self.anonymous = qt.QCheckBox(_("Leave out the patient's identity"))
        self.anonymous.toolTip = _(
            "Without names, dates and numbers, as a new study of a new patient. The pixels stay as they are."
        )
        self.to_database.enabled = dicom_database.is_open()
        chosen = self.to_database if dicom_database.is_open() else self.to_folder
        chosen.checked = True
        self.with_bis.enabled = has_bis
        # PythonQt's or of two flags is an int, for which a constructor would take the orientation.
        buttons = qt.QDialogButtonBox()
        buttons.setStandardButtons(qt.QDialogButtonBox.Ok | qt.QDialogButtonBox.Cancel)
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
    agreed, choice, to_database = dialog.widget.exec_(), dialog.choice(None), dialog.to_database.checked
    dialog.widget.deleteLater()  # the main window would keep it
    if not agreed:
        return None
    if to_database:
        return choice
    folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Folder for the DICOM series"))
    return replace(choice, folder=Path(folder)) if folder else None
