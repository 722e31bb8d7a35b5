"""Results as a run makes them, and what tests look at in them."""

from __future__ import annotations

import slicer
import vtk
from ThinSliceSRLib.desktop.scene.result_nodes import ResultGrid, ResultNodes
from volume_making import shown_as_lung, under_transform, volume_node

GRID = ResultGrid(slice_axis=2, slices=26, spacing_mm=1.0)
DOUBT_HU = 90
PROVENANCE = {
    "Model": "small",
    "ModelSha256": "ab12",
    "EngineVersion": "0.1",
    "Device": "CPU",
    "Precision": "float32",
    "Seconds": "21.5",
    "SlabErrorMeanHU": "1.2",
}


def thick_in_study():
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
    """The results of a run whose DLS is 7 HU and whose BIS is 8 HU; its doubt, if wanted, is DOUBT_HU."""
    results = ResultNodes.begin(source, **given)
    results.set_grid(GRID)
    results.dls_slices()[:] = 7
    results.bis_slices()[:] = 8
    if results.doubt is not None:
        results.doubt_slices()[:] = DOUBT_HU
    results.shown()
    results.finish(PROVENANCE)
    return results
