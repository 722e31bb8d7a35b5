from __future__ import annotations

import gc
import itertools
import weakref

import numpy as np
import pytest
import slicer
import vtk
from slice_views import SliceViews
from ThinSliceSRLib.desktop.result_nodes import ResultGrid, ResultNodes, is_synthetic, results_of
from ThinSliceSRLib.engine.errors import UnusableInput
from volume_making import LEFT_HANDED, PLAIN, oblique, shown_as_lung, under_transform, volume_node, world_point

GRID = ResultGrid(slice_axis=2, slices=26, spacing_mm=1.0)
PROVENANCE = {
    "Model": "small",
    "ModelSha256": "ab12",
    "EngineVersion": "0.1",
    "Device": "CPU",
    "Precision": "float32",
    "Seconds": "21.5",
    "SlabErrorMeanHU": "1.2",
}


@pytest.fixture
def source(scene):
    """The thick volume of a DICOM series in its study, under a transform, in a lung window."""
    node = volume_node("Thorax 5.0")
    shown_as_lung(node)
    under_transform(node)
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3.0 1.2.3.1")
    hierarchy = the_hierarchy()
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Doe^Jane")
    study = hierarchy.CreateStudyItem(patient, "Thorax")
    hierarchy.SetItemUID(hierarchy.CreateItem(study, node), "DICOM", "1.2.3")
    return node


def the_hierarchy():
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def parent_name(node):
    return the_hierarchy().GetItemName(the_hierarchy().GetItemParent(the_hierarchy().GetItemByDataNode(node)))


def attributes(node):
    return {name: node.GetAttribute(name) for name in node.GetAttributeNames()}


def matrix_of(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def everything_about(node):
    """All that a run could change about a volume."""
    display, item = node.GetDisplayNode(), the_hierarchy().GetItemByDataNode(node)
    return {
        "name": node.GetName(),
        "image": node.GetImageData(),
        "image time": node.GetImageData() and node.GetImageData().GetMTime(),
        "matrix": matrix_of(node).tolist(),
        "attributes": attributes(node),
        "transform": node.GetTransformNodeID(),
        "references": [node.GetNodeReferenceID(role) for role in ("display", "storage", "ThinSliceSR.Source")],
        "window": display and (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()),
        "colours": display and display.GetColorNodeID(),
        "shows itself": display and display.GetInputImageDataConnection() is node.GetImageDataConnection(),
        "parent": item and the_hierarchy().GetItemParent(item),
    }


def finished(source, **given):
    """The results of a run whose DLS is 7 HU and whose BIS is 8 HU."""
    results = ResultNodes.begin(source, **given)
    results.set_grid(GRID)
    results.dls_slices()[:] = 7
    results.bis_slices()[:] = 8
    results.shown()
    results.finish(PROVENANCE)
    return results


def test_results_are_named_after_their_input(source):
    results = finished(source)
    assert results.dls.GetName() == "Thorax 5.0 DLS 1 mm (synthetic)"
    assert results.bis.GetName() == "Thorax 5.0 BIS 1 mm"


def test_names_tell_the_real_spacing(source):
    results = ResultNodes.begin(source)
    results.set_grid(ResultGrid(2, 26, 0.9))
    assert results.dls.GetName() == "Thorax 5.0 DLS 0.9 mm (synthetic)"
    results.set_grid(GRID)
    assert results.bis.GetName() == "Thorax 5.0 BIS 1 mm"


def test_names_are_unique_in_the_scene(source):
    first, second = finished(source), finished(source)
    assert first.dls.GetName() != second.dls.GetName()
    assert second.dls.GetName().startswith("Thorax 5.0 DLS 1 mm (synthetic)")


def test_a_name_that_the_user_gives_during_the_run_stays(source):
    results = ResultNodes.begin(source)
    results.dls.SetName("Mine")
    results.set_grid(GRID)
    assert results.dls.GetName() == "Mine"


def test_a_new_result_says_that_it_is_synthetic_before_anyone_can_see_it(source, scene):
    seen = {}

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def on_node_added(_scene, _event, node):
        if node.IsA("vtkMRMLScalarVolumeNode"):
            seen[node.GetName()] = (is_synthetic(node), node.GetAttribute("ThinSliceSR.Kind"))

    observation = scene.AddObserver(scene.NodeAddedEvent, on_node_added)
    ResultNodes.begin(source)
    scene.RemoveObserver(observation)
    assert seen == {"Thorax 5.0 DLS (synthetic)": (True, "DLS"), "Thorax 5.0 BIS": (True, "BIS")}


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("directions", [PLAIN, LEFT_HANDED, oblique(33)], ids=["plain", "left-handed", "oblique"])
def test_thick_slice_n_is_where_thin_slice_5n_is_in_the_world(scene, directions, axis):
    size, spacing = [20, 16, 12], [0.7, 0.7, 0.7]
    size[axis], spacing[axis] = 6, 5.0
    node = volume_node(size=size, spacing=spacing, directions=directions)
    under_transform(node)
    results = ResultNodes.begin(node)
    results.set_grid(ResultGrid(axis, 26, 1.0))
    for result in (results.dls, results.bis):
        thin_size = list(result.GetImageData().GetDimensions())
        assert thin_size == [26 if other == axis else extent for other, extent in enumerate(size)]
        for corner in itertools.product(*((0, extent - 1) for extent in size)):
            thin_corner = [5 * index if other == axis else index for other, index in enumerate(corner)]
            assert world_point(result, thin_corner) == pytest.approx(world_point(node, corner), abs=1e-9)


def test_results_stay_with_their_input_when_its_transform_changes(source):
    results = finished(source)
    matrix = slicer.util.arrayFromTransformMatrix(source.GetParentTransformNode())
    matrix[:3, 3] += 40
    slicer.util.updateTransformMatrixFromArray(source.GetParentTransformNode(), matrix)
    assert world_point(results.dls, (3, 2, 25)) == pytest.approx(world_point(source, (3, 2, 5)))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_written_along_the_slice_axis_are_the_nodes_voxels(scene, axis):
    size, spacing = [20, 16, 12], [0.7, 0.7, 0.7]
    size[axis], spacing[axis] = 6, 5.0
    results = ResultNodes.begin(volume_node(size=size, spacing=spacing))
    results.set_grid(ResultGrid(axis, 26, 1.0))
    results.dls_slices()[3:5] = -700
    results.bis_slices()[25] = 40
    voxels = slicer.util.arrayFromVolume(results.dls)
    assert voxels.dtype == np.int16
    assert np.flatnonzero((voxels == -700).all(axis=tuple({0, 1, 2} - {2 - axis}))).tolist() == [3, 4]
    assert np.count_nonzero(voxels) == 2 * voxels.size // 26
    assert np.count_nonzero(slicer.util.arrayFromVolume(results.bis)) == voxels.size // 26


def test_voxels_live_as_long_as_the_image_and_no_longer(source, scene):
    results = finished(source)
    dls = results.dls
    results.set_grid(GRID)
    results.dls_slices()[:] = 9
    memory = weakref.ref(results.dls_slices().base)
    del results
    gc.collect()
    assert memory() is not None
    assert np.all(slicer.util.arrayFromVolume(dls) == 9)
    scene.RemoveNode(dls.GetDisplayNode())
    scene.RemoveNode(dls)
    del dls
    gc.collect()
    assert memory() is None


def test_results_look_like_their_input_in_display_nodes_of_their_own(source):
    results = finished(source)
    shown = source.GetDisplayNode()
    for result in (results.dls, results.bis):
        display = result.GetDisplayNode()
        assert display is not shown
        assert (display.GetWindow(), display.GetLevel()) == (1500, -600)
        assert display.GetColorNodeID() == shown.GetColorNodeID()
        assert (display.GetLowerThreshold(), display.GetUpperThreshold()) == (-1000, 500)
        assert (display.GetApplyThreshold(), display.GetInterpolate()) == (1, 0)
        assert display.GetInputImageDataConnection() is result.GetImageDataConnection()
    assert results.dls.GetDisplayNode() is not results.bis.GetDisplayNode()
    results.dls.GetDisplayNode().SetWindowLevel(400, 40)
    assert (shown.GetWindow(), shown.GetLevel()) == (1500, -600)


def test_new_voxels_do_not_shift_the_window_of_an_input_with_an_automatic_one(source):
    source.GetDisplayNode().AutoWindowLevelOn()
    source.GetDisplayNode().AutoThresholdOn()
    display = source.GetDisplayNode()
    before = (display.GetWindow(), display.GetLevel(), display.GetLowerThreshold(), display.GetUpperThreshold())
    results = ResultNodes.begin(source)
    results.set_grid(GRID)
    results.dls_slices()[:] = np.arange(26)[:, None, None] * 100
    results.shown()
    display = results.dls.GetDisplayNode()
    after = (display.GetWindow(), display.GetLevel(), display.GetLowerThreshold(), display.GetUpperThreshold())
    assert after == before
    assert source.GetDisplayNode().GetAutoWindowLevel()


def test_an_input_without_display_settings_gives_results_that_can_be_shown(scene):
    results = ResultNodes.begin(volume_node())
    results.set_grid(GRID)
    assert results.dls.GetDisplayNode() is not None


def test_shown_slices_appear_in_a_view_that_keeps_its_place_and_zoom(source):
    views = SliceViews(slicer.mrmlScene)
    try:
        node = slicer.vtkMRMLSliceNode()
        node.SetName("Red")
        node.SetLayoutName("Red")
        node.SetSingletonTag("Red")
        slicer.mrmlScene.AddNode(node)
        results = ResultNodes.begin(source)
        results.set_grid(GRID)
        views.composite("Red").SetBackgroundVolumeID(results.dls.GetID())
        node.RotateToVolumePlane(results.dls)
        views.logic("Red").FitSliceToAll()
        node.SetFieldOfView(9, 8, 1)
        views.logic("Red").SetSliceOffset(world_point(results.dls, (10, 8, 13))[2])
        place = (node.GetFieldOfView(), node.GetSliceOffset(), node.GetXYZOrigin())
        empty = views.pixels("Red").copy()
        results.dls_slices()[:] = -900
        results.shown()
        assert views.pixels("Red").mean() != pytest.approx(empty.mean(), abs=10)
        assert (node.GetFieldOfView(), node.GetSliceOffset(), node.GetXYZOrigin()) == place
        assert views.composite("Red").GetBackgroundVolumeID() == results.dls.GetID()
    finally:
        views.close()


def test_results_lie_in_the_study_of_their_input(source):
    results = finished(source)
    assert parent_name(results.dls) == "Thorax"
    assert parent_name(results.bis) == "Thorax"


def test_results_of_an_input_without_a_study_lie_beside_it(scene):
    node = volume_node()
    assert parent_name(ResultNodes.begin(node).dls) == the_hierarchy().GetItemName(the_hierarchy().GetSceneItemID())
    folder = the_hierarchy().CreateFolderItem(the_hierarchy().GetSceneItemID(), "Folder")
    the_hierarchy().CreateItem(folder, node)
    assert parent_name(ResultNodes.begin(node).dls) == "Folder"


def test_attributes_tell_how_a_result_was_made_and_name_no_patient(source):
    source.SetName("Doe^Jane")
    results = finished(source)
    start = {
        "ThinSliceSR.Synthetic": "yes",
        "ThinSliceSR.Kind": "DLS",
        "ThinSliceSR.SourceNodeID": source.GetID(),
        "ThinSliceSR.SourceSeriesUID": "1.2.3",
    }
    assert attributes(results.dls) == start | {f"ThinSliceSR.{key}": value for key, value in PROVENANCE.items()}
    assert "Doe" not in str(attributes(results.dls))


def test_an_interpolated_volume_claims_nothing_of_the_network(source):
    told = attributes(finished(source).bis)
    assert told["ThinSliceSR.Kind"] == "BIS"
    assert told["ThinSliceSR.EngineVersion"] == "0.1"
    assert not told.keys() & {f"ThinSliceSR.{key}" for key in ("Model", "ModelSha256", "Precision", "SlabErrorMeanHU")}


@pytest.mark.parametrize("form", ["scene.mrml", "scene.mrb"])
def test_a_saved_and_loaded_result_is_still_known_as_synthetic_and_whose_it_is(source, scene, tmp_path, form):
    finished(source)
    scene.SetURL(str(tmp_path / form))
    scene.SetRootDirectory(str(tmp_path))
    if form.endswith("mrb"):
        assert scene.WriteToMRB(str(tmp_path / form))
        scene.Clear(True)
        cache, files = slicer.vtkCacheManager(), slicer.vtkDataIOManager()  # as the application has them
        cache.SetRemoteCacheDirectory(str(tmp_path))
        files.SetCacheManager(cache)
        scene.SetDataIOManager(files)
        assert scene.ReadFromMRB(str(tmp_path / form), True)
        scene.SetDataIOManager(None)
    else:
        assert scene.Commit()
        scene.Clear(True)
        assert scene.Connect()
    dls = scene.GetFirstNodeByName("Thorax 5.0 DLS 1 mm (synthetic)")
    thick = scene.GetFirstNodeByName("Thorax 5.0")
    assert is_synthetic(dls)
    assert not is_synthetic(thick)
    assert attributes(dls)["ThinSliceSR.ModelSha256"] == "ab12"
    assert dls.GetNodeReference("ThinSliceSR.Source") is thick
    assert parent_name(dls) == "Thorax"
    assert (dls.GetDisplayNode().GetWindow(), dls.GetDisplayNode().GetLevel()) == (1500, -600)


def test_a_renamed_result_is_still_synthetic_and_nothing_is_not(source):
    dls = finished(source).dls
    dls.SetName("Thin slices of the patient")
    assert is_synthetic(dls)
    assert not is_synthetic(None)


def test_without_bis_there_is_none(source, scene):
    before = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    results = ResultNodes.begin(source, wants_bis=False)
    assert results.bis is None
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == before + 1


def test_the_input_is_never_touched(source):
    image, display = source.GetImageData(), source.GetDisplayNode()
    state = everything_about(source)
    times = (source.GetMTime(), image.GetPointData().GetScalars().GetMTime(), display.GetMTime())
    voxels = slicer.util.arrayFromVolume(source).copy()
    finished(source)
    abandoned = ResultNodes.begin(source)
    abandoned.set_grid(GRID)
    abandoned.discard()
    assert everything_about(source) == state
    assert (source.GetMTime(), image.GetPointData().GetScalars().GetMTime(), display.GetMTime()) == times
    assert np.array_equal(slicer.util.arrayFromVolume(source), voxels)


def test_the_newest_results_with_an_image_are_found_from_their_input(source):
    assert results_of(source) == (None, None)
    finished(source)
    second = finished(source)
    assert results_of(source) == (second.dls, second.bis)
    ResultNodes.begin(source)
    assert results_of(source) == (second.dls, second.bis)
    slicer.mrmlScene.RemoveNode(second.bis)
    assert results_of(second.dls) == (None, None)


def test_an_empty_volume_chosen_as_output_becomes_the_result_and_tells_what_it_is(source, scene):
    dls, bis = (scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name) for name in ("Mine", "Other"))
    results = finished(source, dls=dls, bis=bis)
    assert (results.dls, results.bis) == (dls, bis)
    assert (dls.GetName(), bis.GetName()) == ("Mine (synthetic)", "Other BIS")
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
    assert results.dls.GetName() == "Other chest DLS 1 mm (synthetic)"
    assert results.dls.GetAttribute("ThinSliceSR.SourceNodeID") == other.GetID()
    assert results.dls.GetAttribute("ThinSliceSR.Model") is None
    assert results.dls.GetTransformNodeID() is None
    assert not results.dls_slices().any()


def test_an_earlier_result_that_is_made_again_keeps_its_name(source):
    first = finished(source)
    again = finished(source, dls=first.dls, bis=first.bis)
    assert again.dls is first.dls
    assert again.dls.GetName() == "Thorax 5.0 DLS 1 mm (synthetic)"
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


def test_an_input_without_an_image_is_refused(scene):
    with pytest.raises(UnusableInput, match="holds no image"):
        ResultNodes.begin(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"))


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


def test_only_the_results_are_held(source):
    results = ResultNodes.begin(source)
    assert results.holds(results.dls)
    assert results.holds(results.bis)
    assert not results.holds(source)
