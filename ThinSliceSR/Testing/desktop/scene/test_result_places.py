"""Where results lie, how they look and what holds their voxels."""

from __future__ import annotations

import gc
import itertools
import weakref

import numpy as np
import pytest
import slicer
from result_making import GRID, finished, parent_name, the_hierarchy, thick_in_study
from slice_views import SliceViews
from ThinSliceSRLib.desktop.scene.result_nodes import ResultGrid, ResultNodes
from volume_making import LEFT_HANDED, PLAIN, oblique, under_transform, volume_node, world_point


@pytest.fixture
def source(scene):
    return thick_in_study()


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
