"""What the network added, in Slicer: DLS minus BIS as a volume in colours, made in pieces, marked, saved and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from driving import add_thick_volume, darken, wait_for
from result_making import attributes, finished, matrix_of, thick_in_study
from saving import loaded_by_slicer, saved_by_slicer
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


CHANGES = [
    lambda volume: slicer.mrmlScene.RemoveNode(volume),
    lambda volume: volume.SetAndObserveImageData(None),
    other_values,
    darken,
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
