from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from ThinSliceSRLib.desktop.input_facts import facts_line, findings
from volume_making import LEFT_HANDED, PLAIN, oblique, under_transform, volume_node

# Axes i, j, k of slices that are stacked from right to left, and from front to back.
SAGITTAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
CORONAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def codes(node):
    return [(finding.level, finding.code) for finding in findings(node)]


def test_facts_tell_slices_spacing_matrix_and_orientation(scene):
    assert facts_line(volume_node(size=(24, 20, 6))) == "6 slices of 5.0 mm · 24×20 · axial"


def test_facts_tell_the_modality_where_it_is_known(scene):
    node = volume_node()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "CT")
    assert facts_line(node) == "6 slices of 5.0 mm · 20×16 · axial CT"
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
    assert facts_line(volume_node(size=size, spacing=spacing)) == f"7 slices of 5.0 mm · {matrix} · {name}"


@pytest.mark.parametrize(("spacing", "text"), [(5.0, "5.0"), (1.25, "1.25"), (4.999999, "5.0"), (0.9, "0.9")])
def test_facts_show_the_spacing_with_as_many_decimals_as_it_needs(scene, spacing, text):
    assert f" of {text} mm " in facts_line(volume_node(spacing=(0.9, 0.9, spacing)))


def test_a_fit_volume_has_no_findings(scene):
    assert findings(volume_node()) == []


def test_findings_are_those_of_the_engine(scene):
    assert codes(volume_node(spacing=(0.7, 0.7, 1.0))) == [("error", "already_thin")]
    assert codes(volume_node(spacing=(0.7, 0.7, 8.0))) == [("warning", "spacing_unusual")]
    assert codes(volume_node(directions=oblique(45))) == [("warning", "not_axial")]


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
    node = volume_node()
    under_transform(node)
    assert findings(node) == []
    warp = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "Acquisition")
    node.SetAndObserveTransformNodeID(warp.GetID())
    assert codes(node) == [("warning", "warped")]
