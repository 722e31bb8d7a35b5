"""Entries of lists in a narrow panel."""

from __future__ import annotations

from typing import Any

import qt

# What a list has for its entry in a panel of 330 px.
ENTRY_PX = 240


def add_entry(choices: Any, label: str, value: str) -> None:
    """Adds an entry that is cut in the middle where it is too long; its tooltip tells the whole."""
    choices.addItem(qt.QFontMetrics(choices.font).elidedText(label, qt.Qt.ElideMiddle, ENTRY_PX), value)
    choices.setItemData(choices.count - 1, label, qt.Qt.ToolTipRole)
