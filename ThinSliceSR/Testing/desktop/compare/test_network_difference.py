"""What the network added, in Slicer: DLS minus BIS as a volume in colours, marked, saved and loaded, and its button."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from driving import add_thick_volume, choose, wait_for
from result_making import attributes, finished, matrix_of, thick_in_study
from saving import loaded_by_slicer, saved_by_slicer
from ThinSliceSRLib.desktop.compare import network_difference
from ThinSliceSRLib.desktop.compare.network_difference import difference_in_pieces
from ThinSliceSRLib.desktop.scene.result_nodes import results_of
from ThinSliceSRLib.desktop.scene.synthetic_mark import is_synthetic
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.provenance import DIFFERENCE_CONTENT, PREFIX
from ThinSliceSRLib.engine.volumes.pieces import whole
from ThinSliceSRLib.engine.volumes.volume import Volume

CLASSES = ("vtkMRMLScalarVolumeNode", "vtkMRMLScalarVolumeDisplayNode", "vtkMRMLColorTableNode", "vtkMRMLStorageNode")

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture
def results(scene: Any) -> Any:
    """DLS is 7 HU, BIS 8 HU, but for one voxel."""
    results = finished(thick_in_study())
    slicer.util.arrayFromVolume(results.dls)[3, 2, 1] = 307
    return results


def make_difference(dls: Any, bis: Any) -> Any:
    return whole(difference_in_pieces(dls, bis))


def node_ids(scene: Any) -> set[str]:
    return {node.GetID() for name in CLASSES for node in slicer.util.getNodesByClass(name)}


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


def test_it_is_made_slice_by_slice_and_in_the_scene_only_when_it_is_whole(results: Any, scene: Any):
    before, pieces = node_ids(scene), difference_in_pieces(results.dls, results.bis)
    for _slice in range(slicer.util.arrayFromVolume(results.dls).shape[0]):
        next(pieces)
        assert node_ids(scene) == before
    node = whole(pieces)
    assert node.GetID() in node_ids(scene) - before


def test_that_of_these_volumes_keeps_its_values_until_it_is_filled_again(results: Any):
    node = make_difference(results.dls, results.bis)
    slicer.util.arrayFromVolume(results.dls)[0, 0, 0] = 58
    pieces = difference_in_pieces(results.dls, results.bis)
    next(pieces)
    assert slicer.util.arrayFromVolume(node)[0, 0, 0] == -1
    pieces.close()
    assert slicer.util.arrayFromVolume(node)[3, 2, 1] == 299


def other_values(volume: Any) -> None:
    slicer.util.updateVolumeFromArray(volume, slicer.util.arrayFromVolume(volume)[:3].copy())


def values_in_their_place(volume: Any) -> None:
    slicer.util.arrayFromVolume(volume)[:] = 0
    slicer.util.arrayFromVolumeModified(volume)


CHANGES = [
    lambda volume: slicer.mrmlScene.RemoveNode(volume),
    lambda volume: volume.SetAndObserveImageData(None),
    other_values,
    values_in_their_place,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["dls", "bis"])
def test_none_is_made_of_volumes_that_are_changed_meanwhile(kind: str, change: Any, results: Any, scene: Any):
    pieces = difference_in_pieces(results.dls, results.bis)
    next(pieces)
    volume = getattr(results, kind)
    change(volume)
    before = node_ids(scene)
    assert whole(pieces) is None
    assert node_ids(scene) == before


def test_volumes_without_an_image_have_none(results: Any, scene: Any):
    results.bis.SetAndObserveImageData(None)
    assert make_difference(results.dls, results.bis) is None


def in_front(view: Any) -> str | None:
    volume = slicer.mrmlScene.GetNodeByID(view.GetForegroundVolumeID() or "")
    return volume and volume.GetName()


def show(module: Any) -> None:
    """Presses the button, and waits for what it puts into the views."""
    module.ui.differenceButton.click()
    assert module.ui.differenceButton.checked
    wait_for(differences_in_front)


def differences_in_front() -> bool:
    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return any("DLS-BIS" in (in_front(view) or "") for view in views)


def test_the_button_puts_it_over_dls_and_takes_it_away(module: Any, red: Any):
    behind = red.GetBackgroundVolumeID()
    show(module)
    assert module.ui.differenceButton.checked
    assert in_front(red).startswith("synthetic DLS-BIS of ")
    assert red.GetBackgroundVolumeID() == behind
    module.ui.differenceButton.click()
    assert not module.ui.differenceButton.checked
    assert in_front(red) is None
    assert red.GetBackgroundVolumeID() == behind


def test_a_fade_takes_its_place_and_it_that_of_a_fade(module: Any, red: Any):
    show(module)
    module.ui.fadeSlider.value = 40
    assert not module.ui.differenceButton.checked
    assert "DLS-BIS" not in in_front(red)
    show(module)
    assert "DLS-BIS" in in_front(red)
    assert module.ui.fadeSlider.value == module.ui.fadeSlider.maximum
    module.ui.differenceButton.click()
    assert in_front(red) is None


def test_it_goes_with_its_volume_and_with_another_input(module: Any, red: Any, scene: Any):
    behind = red.GetBackgroundVolumeID()
    show(module)
    scene.RemoveNode(scene.GetNodeByID(red.GetForegroundVolumeID()))
    assert not module.ui.differenceButton.checked
    assert (red.GetBackgroundVolumeID(), in_front(red)) == (behind, None)
    show(module)
    choose(module.ui.inputSelector, add_thick_volume("Other", slices=6))
    assert not module.ui.differenceButton.checked
    assert not module.ui.differenceButton.enabled
    assert (red.GetBackgroundVolumeID(), in_front(red)) == (behind, None)


def test_without_bis_it_is_not_offered(module: Any, red: Any, scene: Any):
    scene.RemoveNode(results_of(module._parameters.inputVolume)[1])
    assert not module.ui.differenceButton.enabled


def test_without_bis_any_more_it_goes(module: Any, red: Any, scene: Any):
    show(module)
    scene.RemoveNode(results_of(module._parameters.inputVolume)[1])
    assert not module.ui.differenceButton.checked
    assert in_front(red) is None


def press_again(module: Any, _scene: Any) -> None:
    module.ui.differenceButton.click()


def delete_dls(module: Any, scene: Any) -> None:
    scene.RemoveNode(results_of(module._parameters.inputVolume)[0])


def delete_bis(module: Any, scene: Any) -> None:
    scene.RemoveNode(results_of(module._parameters.inputVolume)[1])


def close_the_scene(_module: Any, scene: Any) -> None:
    scene.Clear(False)


def fade(module: Any, _scene: Any) -> None:
    module.ui.fadeSlider.value = 40


def flip(module: Any, _scene: Any) -> None:
    module.panel._flip.turn()


def compare(module: Any, _scene: Any) -> None:
    module.ui.compareButton.click()


def choose_another(module: Any, _scene: Any) -> None:
    choose(module.ui.inputSelector, None)


def close_the_module(module: Any, _scene: Any) -> None:
    module.cleanup()


def change_the_values(module: Any, _scene: Any) -> None:
    values_in_their_place(results_of(module._parameters.inputVolume)[1])


MEANWHILE = [
    press_again,
    delete_dls,
    delete_bis,
    close_the_scene,
    fade,
    flip,
    compare,
    choose_another,
    close_the_module,
    change_the_values,
]


@pytest.mark.parametrize("happens", MEANWHILE, ids=lambda happens: happens.__name__)
def test_what_happens_while_it_is_made_ends_it_and_nothing_of_it_is_left(
    happens: Any, module: Any, red: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
):
    raised: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda *what: raised.append(what))
    module.ui.differenceButton.click()
    making = module.panel._compare._difference._making
    slicer.app.processEvents()
    assert making.going_on
    happens(module, scene)
    wait_for(lambda: not making.going_on)
    slicer.app.processEvents()
    assert not module.ui.differenceButton.checked
    assert not differences_in_front()
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")]
    assert [name for name in names if "DLS-BIS" in name] == []
    assert raised == []


def test_a_comparison_that_is_left_meanwhile_or_then_takes_it_along(module: Any, red: Any):
    module.ui.compareButton.click()
    module.ui.differenceButton.click()
    making = module.panel._compare._difference._making
    module.ui.compareButton.click()
    assert not making.going_on
    assert not module.ui.differenceButton.checked
    module.ui.compareButton.click()
    show(module)
    module.ui.compareButton.click()
    assert not module.ui.differenceButton.checked
    assert not differences_in_front()


def test_what_goes_wrong_is_told(module: Any, red: Any, monkeypatch: pytest.MonkeyPatch):
    def refuse(size: Any) -> Any:
        raise MemoryError

    told: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", told.append)
    monkeypatch.setattr(network_difference, "image_of_zeros", refuse)
    module.ui.differenceButton.click()
    wait_for(lambda: told)
    assert "memory" in told[0]
    assert not module.ui.differenceButton.checked
