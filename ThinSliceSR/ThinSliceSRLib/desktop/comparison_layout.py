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


def view_name(row: str, column: str) -> str:
    """The layout name (singleton tag) of the view in that row and column."""
    return f"ThinSliceSR{row}{column.capitalize()}"


def layout_id(columns: Sequence[str]) -> int:
    """The number under which the layout with these columns is registered."""
    return _FIRST_LAYOUT_ID + _COLUMN_SETS.index(tuple(columns))


def is_comparison_layout(layout: int) -> bool:
    return _FIRST_LAYOUT_ID <= layout < _FIRST_LAYOUT_ID + len(_COLUMN_SETS)


def layout_xml(columns: Sequence[str]) -> str:
    """The layout with these columns, in the language of vtkMRMLLayoutNode."""
    layout = ElementTree.Element("layout", type="vertical")
    for row in ROWS:
        row_layout = ElementTree.SubElement(ElementTree.SubElement(layout, "item"), "layout", type="horizontal")
        for column in columns:
            item = ElementTree.SubElement(row_layout, "item")
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
        for columns in _COLUMN_SETS:
            if not layout_node.AddLayoutDescription(layout_id(columns), layout_xml(columns)):
                layout_node.SetLayoutDescription(layout_id(columns), layout_xml(columns))


def _column_label(column: str) -> str:
    return {
        "thick": _("thick"),
        "BIS": _("BIS synthetic"),
        "DLS": _("DLS synthetic"),
        "thin": _("thin"),
    }[column]


def _add_property(view: ElementTree.Element, name: str, value: str) -> None:
    # "default": when the view is made, not each time that the layout is applied, which would undo a rotation.
    ElementTree.SubElement(view, "property", name=name, action="default").text = value
