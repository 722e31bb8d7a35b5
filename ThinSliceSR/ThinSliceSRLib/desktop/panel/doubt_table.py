"""The table of places to doubt in the panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import qt

from ..run.doubt_places import Place

COLUMNS = ("kind", "size", "dls", "bis", "doubt", "slice")
MARGIN_PX = 12  # of a cell


class DoubtTable:
    """Shows places in the order in which they are told, until the user sorts them otherwise."""

    def __init__(self, table: Any, on_chosen: Callable[[Place], None]) -> None:
        """on_chosen: the user has clicked on a place, or gone to it by the keyboard."""
        self._table = table
        self._on_chosen = on_chosen
        self._places: Sequence[Place] = ()
        header = table.horizontalHeader()
        header.minimumSectionSize = 20
        header.setSectionResizeMode(qt.QHeaderView.Stretch)
        # The room that Qt would leave in each heading for the arrow of the sorting is not there in a narrow panel.
        metrics = qt.QFontMetrics(table.font)
        for column, texts in enumerate(((table.horizontalHeaderItem(0).text(), "DLS"), ("10.0",))):
            header.setSectionResizeMode(column, qt.QHeaderView.Fixed)
            header.resizeSection(column, MARGIN_PX + max(map(metrics.horizontalAdvance, texts)))
        table.verticalHeader().visible = False
        # A click on the row that is chosen already shows its place again; a click on another one tells both.
        table.cellClicked.connect(lambda *_arguments: self._tell_chosen())
        table.currentCellChanged.connect(lambda *_arguments: self._tell_chosen())

    def show(self, places: Sequence[Place]) -> None:
        """Lists these places in the place of others."""
        table = self._table
        self._places = places
        blocked = table.blockSignals(True)
        table.sortingEnabled = False  # else rows would move while they are filled
        table.clearContents()
        table.rowCount = len(places)
        for row, place in enumerate(places):
            for column, value in enumerate(_cells(place)):
                item = qt.QTableWidgetItem()
                item.setData(qt.Qt.DisplayRole, value)  # numbers, which are sorted as such
                item.setData(qt.Qt.UserRole, row)
                table.setItem(row, column, item)
        table.horizontalHeader().setSortIndicator(-1, qt.Qt.AscendingOrder)  # by none, else they would be sorted now
        table.sortingEnabled = True
        table.setCurrentCell(-1, -1)
        table.blockSignals(blocked)

    def _tell_chosen(self) -> None:
        item = self._table.item(self._table.currentRow(), 0)
        if item is not None:
            self._on_chosen(self._places[int(item.data(qt.Qt.UserRole))])


def _cells(place: Place) -> tuple[str | float, ...]:
    slice_number = place.index[2] + 1  # as people count
    hu = (round(value) for value in (place.hu_dls, place.hu_bis, place.doubt_hu))
    return (place.only_in, round(place.size_mm, 1), *hu, slice_number)
