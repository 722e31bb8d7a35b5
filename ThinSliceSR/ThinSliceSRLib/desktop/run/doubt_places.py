"""Places to doubt: where something of the size of a nodule or a vessel stands in DLS alone, or in BIS alone.

They are the points of one list of markups, which Slicer saves with the scene; what else is known of them stands in the
points' descriptions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import slicer
import vtk

from ..scene.result_volume import in_scene
from ..scene.synthetic_mark import ATTRIBUTE_PREFIX

PLACES_ROLE = ATTRIBUTE_PREFIX + "Places"  # of the reference of a doubt to its list
AMBER, PALE_AMBER = (1.0, 0.75, 0.0), (1.0, 0.9, 0.6)
KINDS = ("stands", "vanishes")


@dataclass(frozen=True)
class Place:
    """One place. position: RAS in mm, in the coordinates of the volumes, without their parent transform.

    index: i, j, k of the DLS volume. kind: `stands`, in DLS alone; `vanishes`, in BIS alone.
    doubt_hu: which error is expected there.
    """

    position: tuple[float, float, float]
    index: tuple[int, int, int]
    size_mm: float
    hu_dls: float
    hu_bis: float
    doubt_hu: float
    kind: Literal["stands", "vanishes"]

    @property
    def only_in(self) -> Literal["DLS", "BIS"]:
        """In which of the two something stands there."""
        return "DLS" if self.kind == "stands" else "BIS"

    @property
    def label(self) -> str:
        """Size and kind, for its markup: VTK's own fonts have Latin letters only, so it is not translated."""
        return f"{self.size_mm:.0f} mm only {self.only_in}"


def place_of(told: Mapping[str, Any]) -> Place:
    """A place as `thinslicesr doubt` tells it. Raises KeyError, TypeError or ValueError when it is none."""
    x, y, z = (float(mm) for mm in told["position"])
    i, j, k = (int(told[axis]) for axis in "ijk")
    if told["kind"] not in KINDS:
        raise ValueError(told["kind"])
    hu = {name: float(told[name]) for name in ("size_mm", "hu_dls", "hu_bis", "doubt_hu")}
    return Place((x, y, z), (i, j, k), kind=told["kind"], **hu)


def mark_places(
    places: Iterable[Place], doubt: slicer.vtkMRMLScalarVolumeNode, name: str
) -> slicer.vtkMRMLMarkupsFiducialNode:
    """The list of these places of the doubt, in the place of its former one. name: of the list."""
    remove_places(marked_places(doubt))
    markups = slicer.mrmlScene.AddNewNodeByClass(
        "vtkMRMLMarkupsFiducialNode", slicer.mrmlScene.GenerateUniqueName(name)
    )
    markups.CreateDefaultDisplayNodes()
    display = markups.GetDisplayNode()
    display.SetSelectedColor(*AMBER)
    display.SetColor(*PALE_AMBER)
    display.SetActiveColor(*PALE_AMBER)  # Slicer's own is green, which looks like "safe"
    display.SetTextScale(2.5)
    with slicer.util.NodeModify(markups):
        for place in places:
            point = markups.AddControlPoint(vtk.vtkVector3d(*place.position), place.label)
            markups.SetNthControlPointDescription(point, _description(place))
    markups.SetLocked(True)
    markups.SetAndObserveTransformNodeID(doubt.GetTransformNodeID())
    doubt.SetNodeReferenceID(PLACES_ROLE, markups.GetID())
    return markups


def marked_places(doubt: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLMarkupsFiducialNode | None:
    """The list of the doubt; None when its places were not looked for, or the list was deleted."""
    markups = doubt.GetNodeReference(PLACES_ROLE)
    return markups if in_scene(markups) else None


def remove_places(markups: slicer.vtkMRMLMarkupsFiducialNode | None) -> None:
    """Removes the list from the scene, where it still is."""
    if in_scene(markups):
        slicer.mrmlScene.RemoveNode(markups)


def places_in(markups: slicer.vtkMRMLMarkupsFiducialNode) -> list[Place]:
    """The places of a list, also of one that was saved and loaded; points that are no places are left out."""
    places = []
    for point in range(markups.GetNumberOfControlPoints()):
        try:
            told = json.loads(markups.GetNthControlPointDescription(point))
            position = markups.GetNthControlPointPosition(point)
            places.append(place_of({**told, "position": position}))
        except (ValueError, TypeError, KeyError):
            continue
    return places


def show_place(
    place: Place, reference: slicer.vtkMRMLScalarVolumeNode, volumes: Sequence[slicer.vtkMRMLScalarVolumeNode]
) -> None:
    """All slice views that show one of the volumes show the place, and the crosshair stands on it.

    reference: a volume in whose coordinates the place is told. A view is moved within its plane only where it would not
    show the place otherwise.
    """
    world = np.zeros(3)
    reference.TransformPointToWorld(place.position, world)
    shown = {volume.GetID() for volume in volumes}
    for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        composite = slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(view)
        if composite is not None and composite.GetBackgroundVolumeID() in shown:
            view.JumpSliceByOffsetting(*world)
            if not _is_in_sight(view, world):
                view.JumpSliceByCentering(*world)
    slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode").SetCrosshairRAS(*world)


def _is_in_sight(view: slicer.vtkMRMLSliceNode, world: np.ndarray) -> bool:
    to_pixels = np.linalg.inv(slicer.util.arrayFromVTKMatrix(view.GetXYToRAS()))
    x, y = (to_pixels @ [*world, 1.0])[:2]
    width, height, _depth = view.GetDimensions()
    return bool(0 <= x < width and 0 <= y < height)


def _description(place: Place) -> str:
    i, j, k = place.index
    told = {"kind": place.kind, "i": i, "j": j, "k": k, "size_mm": place.size_mm}
    told |= {"hu_dls": place.hu_dls, "hu_bis": place.hu_bis, "doubt_hu": place.doubt_hu}
    return json.dumps(told)
