"""Volumes that the user chose for results, and what is left of a run that does not succeed."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from result_making import GRID, PROVENANCE, everything_about, finished, parent_name, the_hierarchy, thick_in_study
from ThinSliceSRLib.desktop.scene.result_nodes import ResultNodes
from ThinSliceSRLib.desktop.scene.synthetic_mark import is_synthetic
from ThinSliceSRLib.engine.errors import UnusableInput
from volume_making import volume_node, world_point


@pytest.fixture
def source(scene):
    return thick_in_study()


def test_an_empty_volume_chosen_as_output_becomes_the_result_and_tells_what_it_is(source, scene):
    dls, bis = (scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name) for name in ("Mine", "Other"))
    results = finished(source, dls=dls, bis=bis)
    assert (results.dls, results.bis) == (dls, bis)
    assert (dls.GetName(), bis.GetName()) == ("synthetic Mine", "BIS Other")
    assert dls.GetDisplayNode().GetWindow() == 1500
    assert parent_name(dls) == "Thorax"
    assert world_point(dls, (0, 0, 25)) == pytest.approx(world_point(source, (0, 0, 5)))


def test_an_earlier_result_stays_what_it_is_until_its_new_image_comes(source):
    earlier = finished(source)
    other = volume_node("Other chest")
    before = everything_about(earlier.dls)
    results = ResultNodes.begin(other, dls=earlier.dls, bis=earlier.bis)
    assert everything_about(earlier.dls) == before
    results.set_grid(GRID)
    assert results.dls.GetName() == "synthetic DLS 1 mm of Other chest"
    assert results.dls.GetAttribute("ThinSliceSR.SourceNodeID") == other.GetID()
    assert results.dls.GetAttribute("ThinSliceSR.Model") is None
    assert results.dls.GetTransformNodeID() is None
    assert not results.dls_slices().any()


def test_an_earlier_result_that_is_made_again_keeps_its_name(source):
    first = finished(source)
    again = finished(source, dls=first.dls, bis=first.bis)
    assert again.dls is first.dls
    assert again.dls.GetName() == "synthetic DLS 1 mm of Thorax 5.0"
    first.dls.SetName("For the round (synthetic)")
    assert finished(source, dls=first.dls).dls.GetName() == "For the round (synthetic)"


def test_what_holds_other_data_is_refused_as_output(source, scene):
    other, label_map = volume_node("Another CT"), scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    earlier = finished(source)
    nodes = scene.GetNumberOfNodes()
    for given, code in [
        ({"dls": source}, "same_target"),
        ({"bis": source}, "same_target"),
        ({"dls": earlier.dls, "bis": earlier.dls}, "same_target"),
        ({"dls": other}, "target_exists"),
        ({"bis": label_map}, "target_exists"),
    ]:
        with pytest.raises(UnusableInput) as caught:
            ResultNodes.begin(source, **given)
        assert caught.value.code == code
    assert scene.GetNumberOfNodes() == nodes
    assert other.GetName() == "Another CT"


def test_discarding_leaves_the_scene_as_it_was(source, scene):
    def nodes():
        return {scene.GetNthNode(number).GetID() for number in range(scene.GetNumberOfNodes())}

    def items():
        children = vtk.vtkIdList()
        the_hierarchy().GetItemChildren(the_hierarchy().GetSceneItemID(), children, True)
        return [children.GetId(number) for number in range(children.GetNumberOfIds())]

    before = nodes(), items()
    early = ResultNodes.begin(source)
    early.discard()
    late = ResultNodes.begin(source)
    late.set_grid(GRID)
    late.dls_slices()[:] = 5
    late.shown()
    late.discard()
    assert (nodes(), items()) == before
    assert late.dls_slices().size == 0


def test_discarding_gives_a_chosen_output_back_what_it_was(source, scene):
    earlier = finished(source)
    earlier.dls.GetDisplayNode().SetWindowLevel(400, 40)
    earlier.bis.SetName("Kept")
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Mine")
    the_hierarchy().CreateItem(the_hierarchy().GetSceneItemID(), empty)
    before = {node: everything_about(node) for node in (earlier.dls, earlier.bis, empty)}
    count = scene.GetNumberOfNodes()
    for given in ({"dls": earlier.dls, "bis": earlier.bis}, {"dls": empty, "wants_bis": False}):
        results = ResultNodes.begin(volume_node("Other chest"), **given)
        count += 1
        results.set_grid(GRID)
        results.dls_slices()[:] = 5
        results.shown()
        results.discard()
    assert {node: everything_about(node) for node in before} == before
    assert np.all(slicer.util.arrayFromVolume(earlier.dls) == 7)
    assert scene.GetNumberOfNodes() == count


def test_what_is_finished_is_not_discarded_any_more(source):
    results = finished(source)
    results.discard()
    assert np.all(slicer.util.arrayFromVolume(results.dls) == 7)


@pytest.mark.parametrize("deleted", ["dls", "bis", "source", "transform", "scene"])
@pytest.mark.parametrize("moment", ["before the grid", "after the grid"])
@pytest.mark.parametrize("end", ["finish", "discard"])
def test_what_the_user_deletes_meanwhile_is_left_alone(source, scene, deleted, moment, end):
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Mine")
    results = ResultNodes.begin(source, dls=empty)
    nodes = {"dls": empty, "bis": results.bis, "source": source, "transform": source.GetParentTransformNode()}

    def delete():
        if deleted == "scene":
            scene.Clear(True)
        else:
            scene.RemoveNode(nodes[deleted])

    if moment == "before the grid":
        delete()
    results.set_grid(GRID)
    if moment == "after the grid":
        delete()
    results.dls_slices()[:] = 1
    results.bis_slices()[:] = 1
    results.shown()
    if end == "finish":
        results.finish(PROVENANCE)
    else:
        results.discard()
    gone = {deleted} if deleted != "scene" else set(nodes)
    if end == "discard":
        gone.add("bis")
    assert {name for name, node in nodes.items() if not scene.IsNodePresent(node)} == gone
    if "dls" not in gone:
        assert is_synthetic(empty) == (end == "finish")
