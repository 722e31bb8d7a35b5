"""The comparison's views as Slicer layouts: rows axial, coronal, sagittal; one column per volume."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import slicer
from slicer.i18n import tr as _

ROWS = ("Axial", "Coronal", "Sagittal")
"""The rows from top to bottom, by the names of Slicer's own slice orientations."""

COLUMNS = ("thick", "BIS", "DLS", "thin")
"""The columns from left to right; BIS and thin may be missing."""

VIEW_GROUP = 7335
"""Slicer links views within one group only, so these never move the user's own views (which are in group 0)."""

_FIRST_LAYOUT_ID = 7335  # Slicer keeps 0 to 100 for itself; the number is that of the paper, npj Digital Medicine 7:335

_COLUMN_COLOURS = {"thick": "#8E9AAF", "BIS": "#E9C46A", "DLS": "#E76F51", "thin": "#7FB069"}

_COLUMN_SETS = tuple(
    tuple(column for column in COLUMNS if column not in left_out)
    for left_out in (("thin",), (), ("BIS", "thin"), ("BIS",))
)

_ROW_SETS = (ROWS, *((row,) for row in ROWS))

# By number. A scene may have been saved with one, so a new kind of layout has numbers behind these.
_LAYOUTS = {
    _FIRST_LAYOUT_ID + index: (rows, columns)
    for index, (rows, columns) in enumerate((rows, columns) for rows in _ROW_SETS for columns in _COLUMN_SETS)
}


def view_name(row: str, column: str) -> str:
    """The layout name (singleton tag) of the view in that row and column."""
    return f"ThinSliceSR{row}{column.capitalize()}"


COMPARISON_VIEWS = {view_name(row, column) for row in ROWS for column in COLUMNS}
"""The names of all views of the comparison."""


def layout_id(columns: Sequence[str], rows: Sequence[str] = ROWS) -> int:
    """The number under which the layout with these columns, and all rows or one of them, is registered."""
    shown = (tuple(rows), tuple(columns))
    return next(number for number, layout in _LAYOUTS.items() if layout == shown)


def is_comparison_layout(layout: int) -> bool:
    return layout in _LAYOUTS


def layout_xml(columns: Sequence[str], rows: Sequence[str] = ROWS) -> str:
    """The layout with these columns and rows, in the language of vtkMRMLLayoutNode.

    In a grid the columns of all rows are as wide as each other, whatever their controllers ask for.
    """
    layout = ElementTree.Element("layout", type="grid")
    for row_number, row in enumerate(rows):
        for column_number, column in enumerate(columns):
            place = {"row": str(row_number), "column": str(column_number)}
            item = ElementTree.SubElement(layout, "item", place)
            name = view_name(row, column)
            view = ElementTree.SubElement(item, "view", {"class": "vtkMRMLSliceNode", "singletontag": name})
            _add_property(view, "orientation", row)
            _add_property(view, "viewlabel", _column_label(column))
            _add_property(view, "viewcolor", _COLUMN_COLOURS[column])
            _add_property(view, "viewgroup", str(VIEW_GROUP))
    return ElementTree.tostring(layout, encoding="unicode")


def register_layouts(layout_node: slicer.vtkMRMLLayoutNode) -> None:
    """Tells Slicer these layouts; again and again does no harm.

    Early is better: a scene that was saved during a comparison opens empty where its layout is not known.
    """
    with slicer.util.NodeModify(layout_node):
        for number, (rows, columns) in _LAYOUTS.items():
            if not layout_node.AddLayoutDescription(number, layout_xml(columns, rows)):
                layout_node.SetLayoutDescription(number, layout_xml(columns, rows))


def let_views_shrink(rows: Sequence[str], columns: Sequence[str]) -> None:
    """Lets the views be narrow: their headings stay whole, and the sliders give way.

    Else a row of four makes the main window wider than many screens, and Slicer cuts the headings.
    """
    layout_manager = slicer.app.layoutManager()
    for name in [view_name(row, column) for row in rows for column in columns] if layout_manager else ():
        widget = layout_manager.sliceWidget(name)
        if widget is None:  # Slicer has not laid it out yet
            continue
        controller = widget.sliceController()
        controller.sliceOffsetSlider().minimumWidth = 1  # stands above what its content asks for
        for heading in slicer.util.findChildren(controller, name="ViewLabel"):
            heading.minimumWidth = heading.sizeHint.width()


def _column_label(column: str) -> str:
    """Short, because Slicer cuts longer ones in narrow views."""
    return {"thick": _("Thick"), "BIS": "BIS", "DLS": "DLS", "thin": _("Thin")}[column]


def _add_property(view: ElementTree.Element, name: str, value: str) -> None:
    # "default": when the view is made, not each time that the layout is applied, which would undo a rotation.
    ElementTree.SubElement(view, "property", name=name, action="default").text = value
