"""The comparison in real Qt widgets as CTK lays them out: narrow views, whole headings, columns of one width.

The widgets stand for qMRMLSliceWidget with its controller's bar, which asks for much room. They cannot prove how
much the real ones ask for, nor that Slicer's own style leaves the headings as much room as this one.
"""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import qt
import slicer
from driving import properties_as_in_slicer
from ThinSliceSRLib.desktop.compare.comparison_layout import COLUMNS, ROWS, layout_xml, let_views_shrink, view_name

pytestmark = pytest.mark.usefixtures("application")

SIZE_OF_MANY_SCREENS = 1600
DOCK = 480


class SliceWidget(qt.QWidget):
    """A bar with a pin, the heading, two buttons and a slider with its number, over an image."""

    def __init__(self, heading: str, number: str) -> None:
        super().__init__()
        self.bar = qt.QWidget()
        self.slider = qt.QWidget()
        in_slider = qt.QHBoxLayout(self.slider)
        in_slider.contentsMargins = qt.QMargins()
        in_slider.addWidget(qt.QSlider(qt.Qt.Orientation.Horizontal))
        in_slider.addWidget(qt.QLabel(number))
        self.heading = qt.QLabel(heading)
        self.heading.name = "ViewLabel"  # as PythonQt calls objectName
        self.heading.minimumWidth = self.heading.fontMetrics().horizontalAdvance("XX")  # as qMRMLViewControllerBar
        in_bar = qt.QHBoxLayout(self.bar)
        for widget in (qt.QToolButton(), self.heading, qt.QToolButton(), qt.QToolButton(), self.slider):
            in_bar.addWidget(widget)
        rows = qt.QVBoxLayout(self)
        rows.contentsMargins = qt.QMargins()
        rows.addWidget(self.bar)
        rows.addWidget(qt.QFrame(), 1)

    def sliceController(self) -> SliceWidget:  # noqa: N802 - Slicer's name
        return self

    def sliceOffsetSlider(self) -> qt.QWidget:  # noqa: N802 - Slicer's name
        return self.slider


@pytest.fixture
def widgets(monkeypatch: pytest.MonkeyPatch) -> dict[str, SliceWidget]:
    """The layout's widgets by the names of their views, those of the first row with long numbers."""
    properties_as_in_slicer(__name__)
    layout = ElementTree.fromstring(layout_xml(COLUMNS))
    assert layout.get("type") == "grid"
    window = qt.QWidget()
    grid = qt.QGridLayout(window)
    grid.contentsMargins = qt.QMargins()
    grid.spacing = 1
    widgets = {}
    for item in layout:
        [view] = item
        label = view.find("property[@name='viewlabel']").text
        number = "-1234.5678mm" if item.get("row") == "0" else "5mm"
        widgets[view.get("singletontag")] = widget = SliceWidget(label, number)
        grid.addWidget(widget, int(item.get("row")), int(item.get("column")))
    manager = SimpleNamespace(sliceWidget=widgets.get)
    monkeypatch.setattr(slicer.app, "layoutManager", lambda: manager)
    widgets["window"] = window
    yield widgets
    window.close()


def test_a_row_of_four_fits_beside_the_panel_on_many_screens(widgets: dict[str, SliceWidget]):
    window = widgets["window"]
    let_views_shrink(ROWS, COLUMNS)
    window.layout().activate()
    assert window.minimumSizeHint.width() <= 4 * 200 < SIZE_OF_MANY_SCREENS - DOCK


@pytest.mark.parametrize("width", [200, 250, 400])
def test_headings_are_whole_and_columns_of_one_width(widgets: dict[str, SliceWidget], width: int):
    window = widgets["window"]
    let_views_shrink(ROWS, COLUMNS)
    window.resize(4 * width + 3, 600)
    window.show()
    slicer.app.processEvents()
    for column in COLUMNS:
        views = [widgets[view_name(row, column)] for row in ROWS]
        assert len({(view.x, view.width) for view in views}) == 1
        for view in views:
            assert view.heading.width >= view.heading.fontMetrics().horizontalAdvance(view.heading.text)
    assert {len(widgets[view_name(ROWS[0], column)].heading.text) <= 5 for column in COLUMNS} == {True}
