"""Compared volumes that are deleted: the comparison ends or shows the rest, and a column only what its heading says."""

from __future__ import annotations

from typing import Any

import pytest
from driving import add_thick_volume, choose
from result_making import finished
from slice_views import SliceViews
from ThinSliceSRLib.desktop.compare.comparison_layout import COLUMNS, ROWS, is_comparison_layout, view_name

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture
def compared(views: SliceViews, module: Any) -> dict[str, Any]:
    """The volumes that are compared, by column, and one of another patient."""
    other, thick, thin = (add_thick_volume(name, matrix=12, slices=6) for name in ("Other", "Thick", "Thin"))
    choose(module.ui.inputSelector, other)
    results = finished(thick)
    choose(module.ui.inputSelector, thick)
    choose(module.ui.thinSelector, thin)
    module.ui.compareButton.click()
    return {"thick": thick, "BIS": results.bis, "DLS": results.dls, "thin": thin, "other": other}


def shown_columns(views: SliceViews) -> dict[str, Any] | None:
    """The volume of each column of the comparison; None when it is not shown."""
    if not is_comparison_layout(views.layout_node.GetViewArrangement()):
        return None
    names = views.shown_names()
    columns = {}
    for column in COLUMNS:
        views_of_column = [name for name in (view_name(row, column) for row in ROWS) if name in names]
        volumes = {views.scene.GetNodeByID(views.composite(name).GetBackgroundVolumeID()) for name in views_of_column}
        if volumes:
            [columns[column]] = volumes
    return columns


@pytest.mark.parametrize("deleted", ["thick", "BIS", "DLS", "thin", "other"])
def test_the_rest_is_shown_under_its_own_headings(
    views: SliceViews, module: Any, compared: dict[str, Any], deleted: str
):
    views.scene.RemoveNode(compared.pop(deleted))
    compared.pop("other", None)
    assert shown_columns(views) == (None if deleted in ("thick", "DLS") else compared)
    assert module.ui.compareButton.checked == (deleted not in ("thick", "DLS"))
    assert deleted != "thin" or module.ui.thinSelector.currentNode() is None
    for row in ROWS:
        for column in COLUMNS:
            shown = views.composite(view_name(row, column)).GetBackgroundVolumeID()
            assert shown is None or shown == compared[column].GetID()


def test_with_an_earlier_run_its_results_take_the_place_of_deleted_ones(
    views: SliceViews, module: Any, compared: dict[str, Any]
):
    later = finished(compared["thick"])
    module.panel.show_parameters()
    module.panel._compare.show_input(compared["thick"])
    assert shown_columns(views)["DLS"] is later.dls
    views.scene.RemoveNode(later.dls)
    compared.pop("other")
    assert shown_columns(views) == compared


def test_a_comparison_of_what_was_the_input_before_ends_when_it_is_deleted(
    views: SliceViews, module: Any, compared: dict[str, Any]
):
    choose(module.ui.inputSelector, compared["other"])
    assert shown_columns(views)["thick"] is compared["thick"]
    views.scene.RemoveNode(compared["DLS"])
    assert shown_columns(views) is None
