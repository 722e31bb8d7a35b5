"""The pictures of the tutorial, drawn from the real panel by the command that `make pictures` runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[4] / "docs" / "tutorial_pictures.py"
DARK = 90
"""Grey value below which there is only text: frames and buttons are lighter."""


def test_the_picture_of_the_panel_shows_text_and_no_other_is_drawn(tmp_path: Path, application: object):
    from PySide6.QtGui import QImage

    arguments = [sys.executable, str(COMMAND), str(tmp_path), "--only-first"]
    drawn = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert drawn.returncode == 0, drawn.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["tutorial_input.png"]
    picture = QImage(str(tmp_path / "tutorial_input.png")).convertToFormat(QImage.Format.Format_Grayscale8)
    dark_rows = {
        y
        for y in range(picture.height())
        if sum(picture.pixelColor(x, y).red() < DARK for x in range(picture.width())) >= 5
    }
    assert picture.width() == 480
    assert len(dark_rows) > 50  # some ten lines of text
