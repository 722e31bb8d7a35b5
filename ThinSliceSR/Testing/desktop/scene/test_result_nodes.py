"""What results are called, what they say of themselves, and how they are known again."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from result_making import GRID, PROVENANCE, attributes, everything_about, finished, parent_name, thick_in_study
from ThinSliceSRLib.desktop.scene.result_nodes import ResultGrid, ResultNodes, results_of
from ThinSliceSRLib.desktop.scene.synthetic_mark import is_synthetic
from ThinSliceSRLib.engine.errors import UnusableInput


@pytest.fixture
def source(scene):
    return thick_in_study()


def test_results_are_named_after_their_input(source):
    results = finished(source)
    assert results.dls.GetName() == "synthetic DLS 1 mm of Thorax 5.0"
    assert results.bis.GetName() == "BIS 1 mm of Thorax 5.0"


def test_another_grid_is_filled_before_it_is_shown(source):
    results = ResultNodes.begin(source)
    results.set_grid(ResultGrid(2, 26, 1.0))
    results.dls_slices()[:] = 7
    results.prepare_grid(ResultGrid(2, 51, 0.5))
    assert (slicer.util.arrayFromVolume(results.dls) == 7).all()
    results.dls_slices()[:] = 9
    results.shown()
    assert slicer.util.arrayFromVolume(results.dls).shape[0] == 26
    assert results.dls.GetName() == "synthetic DLS 1 mm of Thorax 5.0"
    results.show_grid()
    assert slicer.util.arrayFromVolume(results.dls).shape[0] == 51
    assert (slicer.util.arrayFromVolume(results.dls) == 9).all()
    assert results.dls.GetName() == "synthetic DLS 0.5 mm of Thorax 5.0"
    results.show_grid()  # nothing is prepared any more
    assert (slicer.util.arrayFromVolume(results.dls) == 9).all()


def test_names_tell_the_real_spacing(source):
    results = ResultNodes.begin(source)
    results.set_grid(ResultGrid(2, 26, 0.9))
    assert results.dls.GetName() == "synthetic DLS 0.9 mm of Thorax 5.0"
    results.set_grid(GRID)
    assert results.bis.GetName() == "BIS 1 mm of Thorax 5.0"


def test_names_are_unique_in_the_scene(source):
    first, second = finished(source), finished(source)
    assert first.dls.GetName() != second.dls.GetName()
    assert second.dls.GetName().startswith("synthetic DLS 1 mm of Thorax 5.0")


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
    assert seen == {"synthetic DLS of Thorax 5.0": (True, "DLS"), "BIS of Thorax 5.0": (True, "BIS")}


def test_attributes_tell_how_a_result_was_made_and_name_no_patient(source):
    source.SetName("Doe^Jane")
    results = finished(source)
    start = {
        "ThinSliceSR.Synthetic": "yes",
        "ThinSliceSR.Kind": "DLS",
        "ThinSliceSR.SourceNodeID": source.GetID(),
        "ThinSliceSR.SourceSeriesUID": "1.2.3",
        "ThinSliceSR.Run": "1",
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
    results = finished(source)
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
        for result in (results.dls, results.bis):  # as File → Save does with what the scene refers to
            result.GetStorageNode().SetFileName(str(tmp_path / f"{result.GetID()}.nrrd"))
            assert result.GetStorageNode().WriteData(result)
        assert scene.Commit()
        scene.Clear(True)
        assert scene.Connect()
    dls = scene.GetFirstNodeByName("synthetic DLS 1 mm of Thorax 5.0")
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


def test_the_results_of_the_last_run_are_found_from_their_input(source):
    assert results_of(source) == (None, None)
    first = finished(source)
    second = finished(source)
    assert results_of(source) == (second.dls, second.bis)
    ResultNodes.begin(source)
    assert results_of(source) == (second.dls, second.bis)
    assert results_of(second.dls) == (None, None)
    refilled = finished(source, dls=first.dls, bis=first.bis)
    assert results_of(source) == (refilled.dls, refilled.bis)
    slicer.mrmlScene.RemoveNode(refilled.bis)
    assert results_of(source) == (refilled.dls, None)
    slicer.mrmlScene.RemoveNode(refilled.dls)
    assert results_of(source) == (second.dls, second.bis)


def test_the_last_run_is_told_in_a_scene_that_was_saved(source, scene, tmp_path):
    first = finished(source)
    finished(source)
    finished(source, dls=first.dls, bis=first.bis)
    names = [volume.GetName() for volume in results_of(source)]
    scene.Commit(str(tmp_path / "scene.mrml"))
    scene.Clear(True)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Import()
    for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        slicer.util.updateVolumeFromArray(volume, np.zeros((2, 2, 2), np.int16))
    again = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")[0]
    assert [volume.GetName() for volume in results_of(again)] == names


def test_an_input_without_an_image_is_refused(scene):
    with pytest.raises(UnusableInput, match="holds no image"):
        ResultNodes.begin(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"))


def test_only_the_results_are_held(source):
    results = ResultNodes.begin(source)
    assert results.holds(results.dls)
    assert results.holds(results.bis)
    assert not results.holds(source)
