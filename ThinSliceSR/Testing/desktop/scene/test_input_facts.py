from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from ThinSliceSRLib.desktop.scene.given_thickness import give_thickness
from ThinSliceSRLib.desktop.scene.input_facts import facts_line, findings
from ThinSliceSRLib.engine.files.file_acquisition import THICKNESS_ENTRY
from volume_making import LEFT_HANDED, PLAIN, oblique, under_transform, volume_node
from vtk.util.numpy_support import vtk_to_numpy

# Axes i, j, k of slices that are stacked from right to left, and from front to back.
SAGITTAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
CORONAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def codes(node):
    return [(finding.level, finding.code) for finding in findings(node)]


def test_facts_tell_slices_spacing_matrix_and_orientation(scene):
    assert facts_line(volume_node(size=(24, 20, 6))) == "6 slices every 5 mm · 24×20 · axial"


def test_facts_tell_the_modality_where_it_is_known(scene):
    node = volume_node()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "CT")
    assert facts_line(node) == "6 slices every 5 mm · 20×16 · axial CT"
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "MR")
    assert facts_line(node).endswith("axial MR")
    assert codes(node)[0] == ("error", "not_ct")


@pytest.mark.parametrize(
    ("directions", "name"),
    [
        (PLAIN, "axial"),
        (LEFT_HANDED, "axial"),
        (SAGITTAL, "sagittal"),
        (CORONAL, "coronal"),
        (oblique(15), "axial"),
        (oblique(45), "oblique"),
        (oblique(80), "coronal"),
    ],
)
def test_facts_name_the_orientation_by_the_direction_in_which_slices_are_stacked(scene, directions, name):
    assert facts_line(volume_node(directions=directions)).endswith(f" · {name}")


@pytest.mark.parametrize(("axis", "matrix", "name"), [(0, "16×12", "sagittal"), (1, "20×12", "coronal")])
def test_facts_count_slices_along_the_axis_that_they_are_stacked_along(scene, axis, matrix, name):
    size, spacing = [20, 16, 12], [0.7, 0.7, 0.7]
    size[axis], spacing[axis] = 7, 5.0
    assert facts_line(volume_node(size=size, spacing=spacing)) == f"7 slices every 5 mm · {matrix} · {name}"


@pytest.mark.parametrize(("spacing", "text"), [(5.0, "5"), (1.25, "1.25"), (4.999999, "5"), (0.9, "0.9")])
def test_facts_show_the_spacing_with_as_many_decimals_as_it_needs(scene, spacing, text):
    assert f" every {text} mm " in facts_line(volume_node(spacing=(0.9, 0.9, spacing)))


def as_thick(node, thickness_mm=5.0):
    """The node as it comes from a file whose header tells the thickness."""
    node.SetAttribute(THICKNESS_ENTRY, str(thickness_mm))
    return node


def test_a_fit_volume_has_no_findings(scene):
    assert findings(as_thick(volume_node())) == []


def test_findings_are_those_of_the_engine(scene):
    assert codes(volume_node(spacing=(0.7, 0.7, 1.0))) == [("error", "already_thin")]
    assert codes(as_thick(volume_node(spacing=(0.7, 0.7, 12.0)), 12)) == [("warning", "spacing_unusual")]
    assert codes(as_thick(volume_node(directions=oblique(45)))) == [("warning", "not_axial")]
    assert codes(volume_node()) == [("note", "thickness_unknown")]


def test_facts_tell_thickness_and_distance_as_read_or_as_the_user_gave_them(scene):
    node = as_thick(volume_node(size=(24, 20, 6), spacing=(0.7, 0.7, 2.5)))
    assert facts_line(node) == "6 slices, 5 mm thick, every 2.5 mm · 24×20 · axial"
    give_thickness(node, 3.75)
    assert facts_line(node) == "6 slices, 3.75 mm thick, every 2.5 mm · 24×20 · axial"
    give_thickness(node, None)
    assert facts_line(node) == "6 slices, 5 mm thick, every 2.5 mm · 24×20 · axial"


def test_findings_follow_the_thickness_that_the_user_gave(scene):
    node = as_thick(volume_node(), 25)
    assert codes(node) == [("warning", "thickness_doubtful")]
    give_thickness(node, 5)
    assert findings(node) == []
    give_thickness(node, 1)
    assert codes(node) == [("warning", "thickness_doubtful"), ("warning", "slices_with_gaps")]


def test_what_the_panel_tells_names_no_option_of_the_command_line(scene):
    nodes = [volume_node(), as_thick(volume_node(), 25), volume_node(spacing=(0.7, 0.7, 1.0))]
    told = [finding.message for node in nodes for finding in findings(node)]
    assert len(told) == 3
    assert [sentence for sentence in told if "--" in sentence] == []
    assert "as thick as they are apart, 5 mm; if they are not, give their thickness under Advanced" in told[0]
    assert "25 mm thick but are 5 mm apart, so they are taken to be 12.5 mm thick" in told[1]


def test_what_is_no_volume_is_told_in_one_plain_sentence(scene):
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    assert facts_line(empty) == "This volume holds no image; choose another one."
    assert codes(empty) == [("error", "no_image")]
    label_map = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    slicer.util.updateVolumeFromArray(label_map, np.zeros((4, 4, 4), np.int16))
    assert codes(label_map) == [("error", "label_map")]
    colour = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Colour")
    image = vtk.vtkImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    colour.SetAndObserveImageData(image)
    assert codes(colour) == [("error", "components")]
    picture = volume_node(size=(20, 16, 1))
    assert codes(picture) == [("error", "too_few_slices")]
    assert facts_line(picture) == findings(picture)[0].message


def test_a_warping_transform_is_a_warning_and_a_linear_one_is_none(scene):
    node = as_thick(volume_node())
    under_transform(node)
    assert findings(node) == []
    warp = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "Acquisition")
    node.SetAndObserveTransformNodeID(warp.GetID())
    assert codes(node) == [("warning", "warped")]


def acquired_tilted(node, degrees: float):
    """Puts the node under the grid transform that Slicer's DICOM reader makes of a tilted gantry: one vector at each
    corner of each slice, from where the upright volume has it to where it was scanned."""
    columns, rows, slices = node.GetImageData().GetDimensions()
    grid = vtk.vtkImageData()
    grid.SetOrigin(*node.GetOrigin())
    grid.SetDimensions(2, 2, slices)
    spacing = node.GetSpacing()
    grid.SetSpacing(spacing[0] * columns, spacing[1] * rows, spacing[2])
    grid.AllocateScalars(vtk.VTK_DOUBLE, 3)
    directions = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(directions)
    transform = slicer.vtkOrientedGridTransform()
    transform.SetGridDirectionMatrix(directions)
    transform.SetDisplacementGridData(grid)
    holder = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", "acquisition transform")
    holder.SetAndObserveTransformToParent(transform)
    displacements = vtk_to_numpy(grid.GetPointData().GetScalars()).reshape(slices, 2, 2, 3)
    displacements[:] = 0
    displacements[..., 1] = (np.arange(slices) * spacing[2] * np.tan(np.radians(degrees)))[:, None, None]
    node.SetAndObserveTransformNodeID(holder.GetID())


def test_a_tilted_gantry_as_slicer_loads_it_is_refused_with_what_to_do(scene):
    node = as_thick(volume_node())
    acquired_tilted(node, 17.0)
    told = findings(node)
    assert (told[0].level, told[0].code) == ("error", "tilted")
    assert "tilted by 17.0 degrees" in told[0].message
    assert "command line" in told[0].message
    acquired_tilted(node, 0.01)
    assert codes(node) == [("warning", "warped")]


def test_a_tilt_within_the_volume_itself_is_refused_in_the_same_words(scene):
    leaning = PLAIN.copy()
    leaning[:, 2] = (0.0, np.sin(np.radians(12.0)), np.cos(np.radians(12.0)))
    node = as_thick(volume_node(directions=leaning))
    assert codes(node) == [("error", "tilted")]
    assert "tilted by 12.0 degrees" in findings(node)[0].message
