"""Whether the panel asks for no more than a dock of 330 px, and cuts off no text in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from driving import wait_for

WIDTH_PX = 330


def assert_fits(module: Any, state: str) -> int:
    """How many texts were looked at, all of them whole. Raises AssertionError, which names the state, if one is not."""
    import qt
    import slicer

    slicer.app.processEvents()
    assert module.parent.minimumSizeHint.width() <= WIDTH_PX, state
    module.parent.resize(WIDTH_PX, 1800)
    for _ in range(5):  # a text that wraps changes the height only after it was laid out
        slicer.app.processEvents()
    assert not module.parent.grab().isNull()
    kinds = (qt.QPushButton, qt.QCheckBox, qt.QLabel, qt.QComboBox)
    shown = [child for kind in kinds for child in module.parent.findChildren(kind) if is_shown(child)]
    for widget in shown:
        right = widget.mapTo(module.parent, qt.QPoint(widget.width, 0)).x()
        assert right <= WIDTH_PX, (state, widget.objectName)
        assert_text_is_whole(widget, state)
    assert_cells_are_whole(module.ui.placesTable, state)
    return len(shown)


def is_shown(widget: Any) -> bool:
    folded = getattr(widget.parentWidget(), "collapsed", False)  # Slicer's own would hide what is in it
    return widget.visible and not folded and bool(getattr(widget, "text", True))


def assert_text_is_whole(widget: Any, state: str) -> None:
    import qt

    if isinstance(widget, qt.QComboBox):
        if hasattr(widget, "setCurrentNode"):
            return  # names of volumes, in Slicer's own widget
        text, label = widget.currentText, widget.itemData(widget.currentIndex, qt.Qt.ToolTipRole)
        needed = qt.QFontMetrics(widget.font).horizontalAdvance(text)
        assert text == label or "…" in text
        assert needed + 30 <= widget.width, (state, widget.objectName, text)
    elif isinstance(widget, qt.QLabel) and widget.wordWrap:

        def whole() -> bool:
            return bool(widget.height >= widget.heightForWidth(widget.width))

        with suppress(AssertionError):  # the text of a run that goes on may have changed just now
            wait_for(whole, 10)
        assert whole(), (state, widget.objectName)
    else:
        assert widget.width >= widget.minimumSizeHint.width(), (state, widget.objectName)


def assert_cells_are_whole(table: Any, state: str) -> None:
    import qt

    header = table.horizontalHeader()
    assert header.length() <= table.viewport().width or not table.visible, state
    for column in range(table.columnCount if table.visible and table.rowCount else 0):
        texts = [str(table.item(row, column).data(qt.Qt.DisplayRole)) for row in range(table.rowCount)]
        for text in [*texts, table.horizontalHeaderItem(column).text()]:
            needed = qt.QFontMetrics(table.font).horizontalAdvance(text)
            assert needed + 8 <= header.sectionSize(column), (state, column, text)
