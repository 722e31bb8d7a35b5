"""Draws the tutorial's pictures: the real panel, run and comparison on the chest phantom, in windows in memory.

They show the panel outside of Slicer, with the stand-ins of the desktop's tests for Slicer's own widgets. Times and
shares are those that the script sets, so that a picture changes only when what it shows does.

    python docs/tutorial_pictures.py [FOLDER] [--only-first]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "ThinSliceSR" / "Testing" / "desktop"
PANEL_WIDTH = 480
VIEW_SIZES = {"Axial": (300, 300), "Coronal": (300, 84), "Sagittal": (300, 84)}
"""Pixels of the comparison's views; the phantom is wide and short."""
GAP = 4
HEADING = 26
SHARE_DONE = 0.45
SECONDS = 40.0


def make_application() -> Any:
    """The Qt application, with a font that is the same everywhere."""
    import matplotlib
    from PySide6.QtGui import QFont, QFontDatabase
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    application.setStyle("Fusion")
    # Qt brings no fonts, matplotlib does.
    font_file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    number = QFontDatabase.addApplicationFont(str(font_file))
    application.setFont(QFont(QFontDatabase.applicationFontFamilies(number)[0], 9))
    return application


def set_progress(module: Any) -> None:
    """The run tells that it is as far as the picture is to show."""
    from ThinSliceSRLib.desktop.worker.outcome import Progress

    module.panel._messages.show_progress(Progress("synthesize", SHARE_DONE, SECONDS))


def save_widget(widget: Any, path: Path, show_again: Callable[[], None] = lambda: None) -> None:
    """Saves the widget as high as its content. show_again: puts back what a run may have changed meanwhile."""
    import slicer

    for _ in range(20):  # a text that wraps changes the height only after it was laid out
        widget.resize(PANEL_WIDTH, widget.layout().totalHeightForWidth(PANEL_WIDTH))
        slicer.app.processEvents()
    show_again()
    save(widget.grab(), path)


def save(picture: Any, path: Path) -> None:
    if not picture.save(str(path)):
        raise OSError(f"{path} could not be written.")
    print(path)


def draw_comparison(views: Any, columns: tuple[str, ...]) -> Any:
    """What Slicer's slice views show in the comparison, row by row, under the labels that the views have."""
    import numpy as np
    import slicer
    from PySide6.QtCore import QRect, Qt
    from PySide6.QtGui import QImage, QPainter, QPixmap
    from ThinSliceSRLib.desktop.compare.comparison_layout import view_name

    for row, size in VIEW_SIZES.items():
        for column in columns:
            views.logic(view_name(row, column)).ResizeSliceNode(*size)
    slicer.app.processEvents()  # the comparison fits its views once they have their size
    widest = max(width for width, _ in VIEW_SIZES.values())
    drawn = QPixmap(
        (widest + GAP) * len(columns) - GAP, sum(height + HEADING + GAP for _, height in VIEW_SIZES.values()) - GAP
    )
    drawn.fill(Qt.GlobalColor.white)
    painter = QPainter(drawn)
    top = 0
    for row, (width, height) in VIEW_SIZES.items():
        for index, column in enumerate(columns):
            name = view_name(row, column)
            left = index * (widest + GAP)
            pixels = np.ascontiguousarray(views.pixels(name).round().astype(np.uint8))
            image = QImage(pixels.data, width, height, width, QImage.Format.Format_Grayscale8)
            label = f"{row}: {views.node(name).GetLayoutLabel()}"
            painter.drawText(QRect(left, top, width, HEADING), Qt.AlignmentFlag.AlignCenter, label)
            painter.drawImage(left, top + HEADING, image)
        top += HEADING + height + GAP
    painter.end()
    return drawn


def make_pictures(folder: Path, only_first: bool) -> None:
    """Goes through the tutorial and writes a picture of each step into the folder."""
    import slicer
    from driving import open_module, wait_for
    from slice_views import SliceViews

    views = SliceViews(slicer.mrmlScene)
    colours = slicer.vtkMRMLColorLogic()
    colours.SetMRMLScene(slicer.mrmlScene)
    module = open_module(__name__)
    from ThinSliceSRLib.desktop.dicom.export_dialog import ExportDialog
    from ThinSliceSRLib.desktop.panel import status_texts
    from ThinSliceSRLib.desktop.setup.sample_volumes import phantom_volume

    told_time = status_texts.time_text
    status_texts.time_text = lambda _seconds: told_time(SECONDS)
    try:
        module.ui.inputSelector.setCurrentNode(phantom_volume())
        module._parameters.device = "cpu"
        wait_for(lambda: module.ui.applyButton.enabled, 600)  # it looks at the volume when Slicer comes to it
        save_widget(module.parent, folder / "tutorial_input.png")
        if only_first:
            return
        module.ui.applyButton.click()
        bar = module.ui.progressBar
        wait_for(lambda: bar.maximum == 100 and bar.value > 0, 600)
        set_progress(module)
        save_widget(module.parent, folder / "tutorial_run.png", show_again=lambda: set_progress(module))
        wait_for(lambda: module.ui.applyButton.text == "Apply", 600)
        save_widget(module.parent, folder / "tutorial_results.png")
        module.ui.compareButton.click()
        save(draw_comparison(views, ("thick", "BIS", "DLS")), folder / "tutorial_comparison.png")
        module.ui.compareButton.click()
        save_widget(ExportDialog(has_bis=True).widget, folder / "tutorial_export.png")
    finally:
        module.cleanup()
        slicer.modules.ThinSliceSRInstance.stopLabels()
        views.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--only-first", action="store_true", help="only the picture of the first step")
    arguments = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.path[:0] = [str(path) for path in (ROOT / "ThinSliceSR", TESTS, TESTS / "stand_ins")]
    application = make_application()
    import slicer
    import slicer.util

    with tempfile.TemporaryDirectory() as temporary:
        slicer.app.temporaryPath = temporary
        slicer.util.mainWindow = lambda: None
        make_pictures(arguments.folder, arguments.only_first)
    application.quit()


if __name__ == "__main__":
    main()
