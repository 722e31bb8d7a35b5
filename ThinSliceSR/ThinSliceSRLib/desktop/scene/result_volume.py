"""One result volume in the scene: where it lies, how it looks, what it says of itself, and how it is taken back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import slicer
import vtk

from .doubt_colours import look_like_doubt, say_unit
from .synthetic_files import save_with_mark
from .synthetic_mark import ATTRIBUTE_PREFIX, RUN, SOURCE_NODE_ID, SOURCE_ROLE, Kind, mark
from .volume_nodes import series_uid_of, thin_ijk_to_ras

# What is said of the network does not hold for an interpolated volume.
OF_BIS_TOO = ("EngineVersion", "SlabMm", "SlabMmToldBy", "ThickSpacingMm", "SpacingMm")

# What a name must say, and begins with when the user's own does not: the corner of a narrow view cuts the rest.
WORDS: dict[Kind, str] = {"DLS": "synthetic", "BIS": "BIS", "DOUBT": "doubt"}
OWN_WORDS: dict[Kind, str] = {"DLS": "synthetic DLS", "BIS": "BIS", "DOUBT": "synthetic doubt"}
# A name of ours, and of scenes from before the words came first.
OWN_NAME = re.compile(
    r"^(synthetic DLS|BIS|synthetic doubt)( [\d.]+ mm)? of | (DLS( [\d.]+ mm)? \(synthetic\)|BIS( [\d.]+ mm)?)(_\d+)?$"
)
NO_SLICES = np.empty((0, 0, 0), np.int16)


@dataclass(frozen=True)
class ResultGrid:
    """The thin grid along the slice axis (0, 1, 2 for i, j, k); along the other two it is the source's own."""

    slice_axis: int
    slices: int
    spacing_mm: float


class ResultVolume:
    """One result: its node, and what is needed to take it back."""

    def __init__(
        self,
        kind: Kind,
        source: slicer.vtkMRMLScalarVolumeNode,
        given: slicer.vtkMRMLScalarVolumeNode | None,
        run: int,
    ) -> None:
        """run: the number of the run that makes it."""
        self.kind = kind
        self._run = run
        self.node = given if given is not None else slicer.vtkMRMLScalarVolumeNode()
        self.slices = NO_SLICES
        self._prepared: tuple[ResultGrid, vtk.vtkImageData] | None = None
        # The run works on the source as it is now, so this is where its results belong, whatever happens to it.
        self._source = source
        self._source_name = source.GetName()
        self._size = source.GetImageData().GetDimensions()
        self._geometry = slicer.vtkMRMLScalarVolumeNode()
        self._geometry.CopyOrientation(source)
        self._transform = source.GetParentTransformNode()
        self._own_name: str | None = None
        self._made: list[slicer.vtkMRMLNode] = []
        # An earlier result stays what it is until its new image comes.
        self._former = _Former(given) if given is not None else None
        self._taken = given is None
        if given is None:
            self._take()

    def prepare_grid(self, grid: ResultGrid) -> None:
        size = [*self._size]
        size[grid.slice_axis] = grid.slices
        image, values = image_of_zeros(size)
        self.slices = np.moveaxis(values, 2 - grid.slice_axis, 0)
        self._prepared = (grid, image)

    def show_grid(self) -> None:
        if self._prepared is None or not in_scene(self.node):
            return
        (grid, image), self._prepared = self._prepared, None
        step = grid.spacing_mm / self._geometry.GetSpacing()[grid.slice_axis]
        if not self._taken:
            self._taken = True
            self._take()
        if self.node.GetName() == self._own_name:
            self._name(grid.spacing_mm)
        self.node.SetAndObserveTransformNodeID(_id_in_scene(self._transform))
        with slicer.util.NodeModify(self.node):
            self.node.SetIJKToRASMatrix(thin_ijk_to_ras(self._geometry, grid.slice_axis, step))
            self.node.SetAndObserveImageData(image)

    def finish(self, provenance: Mapping[str, str]) -> None:
        if in_scene(self.node):
            self.node.RemoveAttribute(ATTRIBUTE_PREFIX + "Unfinished")
            for key, value in provenance.items():
                if self.kind != "BIS" or key in OF_BIS_TOO:
                    self.node.SetAttribute(ATTRIBUTE_PREFIX + key, value)
            save_with_mark(self.node)
            if self.kind == "DOUBT":
                look_like_doubt(self.node)
        self._let_go()

    def discard(self) -> None:
        if self._former is not None and in_scene(self.node):
            self._former.restore(self.node)
        for node in self._made:
            if in_scene(node):
                _remove(node)
        if self.node in self._made:
            self.node.SetAndObserveImageData(None)  # whoever still holds the node does not hold its voxels
        self._let_go()

    def _let_go(self) -> None:
        """Frees the memory of the former image, and of the present one as soon as its node is deleted."""
        self.slices, self._prepared, self._former, self._made = NO_SLICES, None, None, []

    def _take(self) -> None:
        """Makes the node a result. A new one says so before it enters the scene."""
        self._describe()
        self._name()
        if self._former is None:
            self._made.append(slicer.mrmlScene.AddNode(self.node))
        self.node.SetNodeReferenceID(SOURCE_ROLE, _id_in_scene(self._source))
        self._look_like_source()
        _place_under(_parent_item(self._source), self.node)

    def _describe(self) -> None:
        for name in self.node.GetAttributeNames():
            if name.startswith(ATTRIBUTE_PREFIX):
                self.node.RemoveAttribute(name)
        mark(self.node, self.kind)
        facts = {
            RUN: str(self._run),
            ATTRIBUTE_PREFIX + "Unfinished": "yes",  # a scene may be saved in the middle of a run
            SOURCE_NODE_ID: self._source.GetID(),
            ATTRIBUTE_PREFIX + "SourceSeriesUID": series_uid_of(self._source),
        }
        for name, value in facts.items():
            if value is not None:
                self.node.SetAttribute(name, value)
        if self.kind == "DOUBT":
            say_unit(self.node)
            return
        self.node.SetVoxelValueQuantity(self._source.GetVoxelValueQuantity())
        self.node.SetVoxelValueUnits(self._source.GetVoxelValueUnits())

    def _name(self, spacing_mm: float | None = None) -> None:
        """Names the node after its source, unless it has a name from the user; that one says at least what it is."""
        name = self.node.GetName()
        if name and self._own_name is None and not OWN_NAME.search(name):
            if WORDS[self.kind] not in name:
                self.node.SetName(_unique_name(f"{WORDS[self.kind]} {name}", self.node))
            return
        made = OWN_WORDS[self.kind] if spacing_mm is None else f"{OWN_WORDS[self.kind]} {spacing_mm:.3g} mm"
        self._own_name = _unique_name(f"{made} of {self._source_name}", self.node)
        self.node.SetName(self._own_name)

    def _look_like_source(self) -> None:
        """Gives the node the display settings of its source, but a doubt, in a display node of its own."""
        if self.node.GetDisplayNode() is None:
            self.node.CreateDefaultDisplayNodes()
            self._made.append(self.node.GetDisplayNode())
        if self._source.GetDisplayNode() is None or self.kind == "DOUBT":
            return
        display = self.node.GetDisplayNode()
        with slicer.util.NodeModify(display):
            _copy_display(self._source.GetDisplayNode(), self.node)
            # Else each new slice would shift the window.
            display.AutoWindowLevelOff()
            display.AutoThresholdOff()


class _Former:
    """What a node was before a run took it for a result. Its image is kept, not copied."""

    def __init__(self, node: slicer.vtkMRMLScalarVolumeNode) -> None:
        self._content = slicer.vtkMRMLScalarVolumeNode()
        self._content.CopyContent(node, False)
        self._display = None
        if node.GetDisplayNode() is not None:
            self._display = slicer.vtkMRMLScalarVolumeDisplayNode()
            self._display.CopyContent(node.GetDisplayNode())
        self._name = node.GetName()
        self._transform = node.GetParentTransformNode()
        self._source_id = node.GetNodeReferenceID(SOURCE_ROLE)
        self._parent_item = _parent_item(node)

    def restore(self, node: slicer.vtkMRMLScalarVolumeNode) -> None:
        node.CopyContent(self._content, False)
        node.SetName(self._name)
        node.SetAndObserveTransformNodeID(_id_in_scene(self._transform))
        node.SetNodeReferenceID(SOURCE_ROLE, self._source_id)
        _place_under(self._parent_item, node)
        if self._display is not None and node.GetDisplayNode() is not None:
            _copy_display(self._display, node)


def in_scene(node: slicer.vtkMRMLNode | None) -> TypeGuard[slicer.vtkMRMLNode]:
    return node is not None and bool(slicer.mrmlScene.IsNodePresent(node))


def _id_in_scene(node: slicer.vtkMRMLNode | None) -> str | None:
    return node.GetID() if in_scene(node) else None


def _unique_name(name: str, node: slicer.vtkMRMLNode) -> str:
    """The name, with a number behind it when a node other than `node` has it."""
    holder = slicer.mrmlScene.GetFirstNodeByName(name)
    return name if holder is None or holder is node else slicer.mrmlScene.GenerateUniqueName(name)


def image_of_zeros(size: Sequence[int]) -> tuple[vtk.vtkImageData, np.ndarray]:
    """An int16 image of `size` i, j, k and its voxels (k, j, i), in memory that is taken only as it is written."""
    values = np.zeros(math.prod(size), np.int16)
    scalars = vtk.vtkShortArray()
    scalars.SetVoidArray(values, values.size, 1)
    # VTK works in numpy's memory, which this observer keeps until VTK has done with it.
    scalars.AddObserver("DeleteEvent", lambda *_event, kept=values: None)
    image = vtk.vtkImageData()
    image.SetDimensions(size)
    image.GetPointData().SetScalars(scalars)
    return image, values.reshape(tuple(reversed(size)))


def _copy_display(display: slicer.vtkMRMLScalarVolumeDisplayNode, node: slicer.vtkMRMLScalarVolumeNode) -> None:
    node.GetDisplayNode().CopyContent(display)
    node.GetDisplayNode().SetInputImageDataConnection(node.GetImageDataConnection())  # the copy shows the other's image


def _hierarchy() -> slicer.vtkMRMLSubjectHierarchyNode:
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def _parent_item(node: slicer.vtkMRMLNode) -> int:
    """The subject hierarchy item above the node: its study, a folder, or the scene."""
    item = _hierarchy().GetItemByDataNode(node)
    return _hierarchy().GetItemParent(item) if item else _hierarchy().GetSceneItemID()


def _place_under(parent_item: int, node: slicer.vtkMRMLNode) -> None:
    # Slicer makes the item as soon as a node is in the scene; without its application nobody does.
    item = _hierarchy().GetItemByDataNode(node) or _hierarchy().CreateItem(parent_item, node)
    _hierarchy().SetItemParent(item, parent_item)


def _remove(node: slicer.vtkMRMLNode) -> None:
    slicer.mrmlScene.RemoveNode(node)
    item = _hierarchy().GetItemByDataNode(node)
    if item:
        _hierarchy().RemoveItem(item, False, False)
