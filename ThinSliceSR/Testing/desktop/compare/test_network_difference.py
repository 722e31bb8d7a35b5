"""What the network added, in Slicer: DLS minus BIS as a volume in colours, marked, saved and loaded, and its button."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from driving import add_thick_volume, choose, wait_for
from result_making import attributes, finished, matrix_of, thick_in_study
from saving import loaded_by_slicer, saved_by_slicer
from ThinSliceSRLib.desktop.compare.network_difference import make_difference
from ThinSliceSRLib.desktop.scene.result_nodes import results_of
from ThinSliceSRLib.desktop.scene.synthetic_mark import is_synthetic
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.provenance import DIFFERENCE_CONTENT, PREFIX
from ThinSliceSRLib.engine.volumes.volume import Volume

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture
def results(scene: Any) -> Any:
    """DLS is 7 HU, BIS 8 HU, but for one voxel."""
    results = finished(thick_in_study())
    slicer.util.arrayFromVolume(results.dls)[3, 2, 1] = 307
    return results


def test_it_is_dls_minus_bis_at_their_place_and_says_that_it_is_synthetic(results: Any):
    node = make_difference(results.dls, results.bis)
    values = slicer.util.arrayFromVolume(node)
    assert values.dtype == np.int16
    assert values[3, 2, 1] == 299
    assert np.count_nonzero(values == -1) == values.size - 1
    np.testing.assert_array_equal(matrix_of(node), matrix_of(results.dls))
    assert node.GetTransformNodeID() == results.dls.GetTransformNodeID() is not None
    assert node.GetName() == "synthetic DLS-BIS of Thorax 5.0"
    assert is_synthetic(node)
    assert attributes(node)["ThinSliceSR.Content"] == DIFFERENCE_CONTENT
    assert attributes(node)["ThinSliceSR.Unit"] == "HU"
    # It is none of the two that are compared and exported.
    assert results_of(slicer.util.getNode("Thorax 5.0")) == (results.dls, results.bis)


def test_its_window_and_its_colours_are_alike_on_both_sides_of_0_hu(results: Any):
    display = make_difference(results.dls, results.bis).GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()) == (400, 0, 0)
    table = display.GetColorNode()
    count = table.GetNumberOfColors()

    def colour(entry: int) -> tuple[float, ...]:
        rgba = [0.0] * 4
        table.GetColor(entry, rgba)
        return tuple(rgba)

    middle = colour(count // 2)
    assert count % 2 == 1
    assert middle[0] == middle[1] == middle[2]
    assert middle[3] == 0
    for entry in range(count // 2):
        darker, lighter = colour(entry), colour(count - 1 - entry)
        assert darker[3] == lighter[3] > 0
        assert darker[2] > darker[0]
        assert lighter[0] > lighter[2]
    assert (table.GetColorName(0), table.GetColorName(count - 1)) == ("-200 HU", "+200 HU")


def test_where_the_network_added_nothing_what_lies_behind_shows_through(results: Any):
    slicer.util.arrayFromVolume(results.dls)[:] = 8
    slicer.util.arrayFromVolume(results.dls)[3, 2, 1] = 308
    display = make_difference(results.dls, results.bis).GetDisplayNode()
    connection = display.GetOutputImageDataConnection()
    connection.GetProducer().Update()
    drawn = connection.GetProducer().GetOutputDataObject(connection.GetIndex())
    assert drawn.GetNumberOfScalarComponents() == 4
    assert [drawn.GetScalarComponentAsDouble(0, 0, 0, part) for part in (3,)] == [0]
    red, _, blue, alpha = (drawn.GetScalarComponentAsDouble(1, 2, 3, part) for part in range(4))
    assert red > 2 * blue
    assert alpha == 255


def test_the_same_results_have_one_difference_and_one_table_of_colours(results: Any):
    first = make_difference(results.dls, results.bis)
    slicer.util.arrayFromVolume(results.dls)[0, 0, 0] = 58
    assert make_difference(results.dls, results.bis) is first
    assert slicer.util.arrayFromVolume(first)[0, 0, 0] == 50
    other = finished(add_thick_volume("Other", slices=6))
    second = make_difference(other.dls, other.bis)
    assert second is not first
    assert second.GetDisplayNode().GetColorNode() is first.GetDisplayNode().GetColorNode()


def test_results_of_different_grids_have_none(results: Any):
    other = finished(add_thick_volume("Other", slices=6))
    assert make_difference(results.dls, other.bis) is None


def test_a_scene_that_is_saved_and_loaded_has_it_with_its_marks_and_colours(results: Any, scene: Any, tmp_path: Path):
    node = make_difference(results.dls, results.bis)
    table = node.GetDisplayNode().GetColorNode()
    table.AddDefaultStorageNode()
    for saved in (results.dls, results.bis, node, table):
        ending = "ctbl" if saved is table else "nrrd"
        saved.GetStorageNode().SetFileName(str(tmp_path / f"{saved.GetID()}.{ending}"))
        assert saved.GetStorageNode().WriteData(saved)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.SetRootDirectory(str(tmp_path))
    told, first = attributes(node), [0.0] * 4
    table.GetColor(0, first)
    assert scene.Commit()
    scene.Clear(True)
    assert scene.Connect()
    again = scene.GetFirstNodeByName("synthetic DLS-BIS of Thorax 5.0")
    assert is_synthetic(again)
    assert attributes(again).items() >= told.items()
    assert slicer.util.arrayFromVolume(again)[3, 2, 1] == 299
    display = again.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == (400, 0)
    colour = [0.0] * 4
    display.GetColorNode().GetColor(0, colour)
    assert colour == pytest.approx(first, abs=1 / 255)
    dls = scene.GetFirstNodeByName("synthetic DLS 1 mm of Thorax 5.0")
    assert make_difference(dls, scene.GetFirstNodeByName("BIS 1 mm of Thorax 5.0")) is again


def test_its_file_alone_is_known_too(results: Any, arrivals: Any, tmp_path: Path):
    node = make_difference(results.dls, results.bis)
    saved_by_slicer(node, tmp_path / "difference.nrrd")
    slicer.mrmlScene.RemoveNode(node)
    loaded = loaded_by_slicer(tmp_path / "difference.nrrd")
    wait_for(lambda: is_synthetic(loaded), 2)
    assert attributes(loaded)["ThinSliceSR.Content"] == DIFFERENCE_CONTENT


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_what_the_command_line_writes_is_known(suffix: str, arrivals: Any, tmp_path: Path):
    file = tmp_path / f"difference{suffix}"
    with PendingOutputs() as outputs:
        outputs.write(Volume(np.zeros((2, 3, 4), np.int16)), file, {f"{PREFIX}content": DIFFERENCE_CONTENT})
    loaded = loaded_by_slicer(file)
    wait_for(lambda: is_synthetic(loaded), 2)
    assert attributes(loaded)["ThinSliceSR.Content"] == DIFFERENCE_CONTENT


def in_front(view: Any) -> str | None:
    volume = slicer.mrmlScene.GetNodeByID(view.GetForegroundVolumeID() or "")
    return volume and volume.GetName()


def test_the_button_puts_it_over_dls_and_takes_it_away(module: Any, red: Any):
    behind = red.GetBackgroundVolumeID()
    module.ui.differenceButton.click()
    assert module.ui.differenceButton.checked
    assert in_front(red).startswith("synthetic DLS-BIS of ")
    assert red.GetBackgroundVolumeID() == behind
    module.ui.differenceButton.click()
    assert not module.ui.differenceButton.checked
    assert in_front(red) is None
    assert red.GetBackgroundVolumeID() == behind


def test_a_fade_takes_its_place_and_it_that_of_a_fade(module: Any, red: Any):
    module.ui.differenceButton.click()
    module.ui.fadeSlider.value = 40
    assert not module.ui.differenceButton.checked
    assert "DLS-BIS" not in in_front(red)
    module.ui.differenceButton.click()
    assert "DLS-BIS" in in_front(red)
    assert module.ui.fadeSlider.value == module.ui.fadeSlider.maximum
    module.ui.differenceButton.click()
    assert in_front(red) is None


def test_it_goes_with_its_volume_and_with_another_input(module: Any, red: Any, scene: Any):
    behind = red.GetBackgroundVolumeID()
    module.ui.differenceButton.click()
    scene.RemoveNode(scene.GetNodeByID(red.GetForegroundVolumeID()))
    assert not module.ui.differenceButton.checked
    assert (red.GetBackgroundVolumeID(), in_front(red)) == (behind, None)
    module.ui.differenceButton.click()
    choose(module.ui.inputSelector, add_thick_volume("Other", slices=6))
    assert not module.ui.differenceButton.checked
    assert not module.ui.differenceButton.enabled
    assert (red.GetBackgroundVolumeID(), in_front(red)) == (behind, None)


def test_without_bis_it_is_not_offered(module: Any, red: Any, scene: Any):
    scene.RemoveNode(results_of(module._parameters.inputVolume)[1])
    assert not module.ui.differenceButton.enabled
