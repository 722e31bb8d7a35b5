"""What the network added, in Slicer: DLS minus BIS in HU, in colours over the DLS volume."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import Any

import slicer
import vtk

from ...engine.provenance import DIFFERENCE_CONTENT
from ...engine.run.difference import subtract_in_pieces
from ..scene.result_volume import image_of_zeros, in_scene
from ..scene.synthetic_files import save_with_mark
from ..scene.synthetic_mark import ATTRIBUTE_PREFIX, SOURCE_NODE_ID, SOURCE_ROLE, mark
from ..worker.outcome import unexpected_sentence
from ..worker.piecework import Piecework
from .comparison import ComparedVolumes, has_views
from .doubt_overlay import DoubtOverlay
from .fade import Fade

CONTENT = ATTRIBUTE_PREFIX + "Content"
UNIT = ATTRIBUTE_PREFIX + "Unit"
COLOURS = ATTRIBUTE_PREFIX + "DifferenceColours"
COLOURS_NAME = "DLS-BIS"
WINDOW_HU = 400.0
"""Symmetric around 0: 200 HU darker is all blue, 200 HU lighter all red."""

ENTRIES = 255  # an odd number, of which the middle is 0 HU
DARKER, SAME, LIGHTER = (0.1, 0.3, 0.95), (0.6, 0.6, 0.6), (0.9, 0.15, 0.1)


def difference_in_pieces(
    dls: slicer.vtkMRMLScalarVolumeNode, bis: slicer.vtkMRMLScalarVolumeNode
) -> Generator[None, None, slicer.vtkMRMLScalarVolumeNode | None]:
    """The volume DLS - BIS (int16 HU), with the place of both; that of these volumes is filled again.

    The scene changes only in the last piece. None when the two do not lie on one grid, as after one of them was
    cropped, or when anybody has changed or removed one of them meanwhile.
    """
    before = _images(dls, bis)
    if len(before) < 2 or before[0][0].GetDimensions() != before[1][0].GetDimensions():
        return None
    image, difference = image_of_zeros(before[0][0].GetDimensions())
    hu_dls, hu_bis = (slicer.util.arrayFromVolume(volume) for volume in (dls, bis))
    for _slice in subtract_in_pieces(hu_dls, hu_bis, difference):
        yield
        if _images(dls, bis) != before:
            return None
    return _into_scene(image, dls)


def mark_difference(node: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Lets the node say that it is synthetic, and what it holds."""
    mark(node, None)
    node.SetAttribute(CONTENT, DIFFERENCE_CONTENT)
    node.SetAttribute(UNIT, "HU")


class DifferenceSection:
    """The panel's button: puts the difference over DLS in the user's views, and takes it away again."""

    def __init__(self, ui: Any, prepare: Callable[[], ComparedVolumes | None], doubt: DoubtOverlay) -> None:
        """prepare: ends a fade, and tells what of the input can be shown. doubt: gives way meanwhile."""
        self._doubt = doubt
        self._button = ui.differenceButton
        self._prepare = prepare
        self._overlay = Fade()
        self._of: tuple[slicer.vtkMRMLScalarVolumeNode, ...] = ()  # DLS and BIS whose difference is made or shown
        self._making: Piecework | None = None
        self._button.toggled.connect(self._show)

    def offer(self, compared: ComparedVolumes | None) -> None:
        """Offers it for these results; what is made or shown of others goes."""
        possible = has_views() and compared is not None and compared.bis is not None
        self._button.enabled = possible
        if not self._of:
            return
        same = compared is not None and self._of == (compared.dls, compared.bis)
        if not same or (self._overlay.is_on and not in_scene(self._overlay.volumes[1])):
            self.leave()

    def holds(self, volume: slicer.vtkMRMLNode) -> bool:
        """Whether the volume is one of those that the difference is made of, or the difference that is shown."""
        return volume in self._of or volume in self._overlay.volumes

    def leave(self) -> None:
        """The views show again what they showed before; what is not made yet will not be."""
        if self._making is not None:
            self._making.stop()
        self._of, self._making = (), None
        if self._overlay.is_on:
            self._overlay.end()
            self._doubt.resume()
        self._check(False)

    def _show(self, wanted: bool) -> None:
        compared = self._prepare()
        self.leave()
        if not wanted or compared is None or compared.bis is None:
            return
        self._of = (compared.dls, compared.bis)
        self._making = Piecework(difference_in_pieces(*self._of), self._made, self._failed)
        self._check(True)

    def _made(self, difference: slicer.vtkMRMLScalarVolumeNode | None) -> None:
        if difference is None:
            self.leave()
            return
        self._making = None
        self._doubt.pause()
        self._overlay.begin(self._of[0], difference)

    def _failed(self, error: Exception) -> None:
        self.leave()
        logging.error("The difference of DLS and BIS cannot be made", exc_info=error)
        slicer.util.errorDisplay(unexpected_sentence(error))

    def _check(self, checked: bool) -> None:
        blocked = self._button.blockSignals(True)
        self._button.checked = checked
        self._button.blockSignals(blocked)


def _images(*volumes: slicer.vtkMRMLScalarVolumeNode) -> list[tuple[vtk.vtkImageData, int]]:
    """The images of those that are in the scene, each with when it was changed last."""
    images = [volume.GetImageData() for volume in volumes if in_scene(volume)]
    return [(image, image.GetMTime()) for image in images if image is not None]


def _into_scene(image: vtk.vtkImageData, dls: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode:
    """The difference of DLS with this image."""
    node = _difference_of(dls)
    if node is None:
        node = slicer.vtkMRMLScalarVolumeNode()
        _describe(node, dls)
        node = slicer.mrmlScene.AddNode(node)
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    with slicer.util.NodeModify(display):
        display.SetAndObserveColorNodeID(_colours().GetID())
        display.AutoWindowLevelOff()  # before it has an image, through all of which Slicer would look for a window
        display.AutoThresholdOff()
        display.SetWindowLevel(WINDOW_HU, 0.0)
    node.CopyOrientation(dls)
    node.SetAndObserveTransformNodeID(dls.GetTransformNodeID())
    node.SetAndObserveImageData(image)
    save_with_mark(node)
    return node


def _difference_of(dls: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode | None:
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node.GetAttribute(CONTENT) == DIFFERENCE_CONTENT and node.GetAttribute(SOURCE_NODE_ID) == dls.GetID():
            return node
    return None


def _describe(node: slicer.vtkMRMLScalarVolumeNode, dls: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Before it enters the scene, so that it is never there without its marks."""
    mark_difference(node)
    node.SetAttribute(SOURCE_NODE_ID, dls.GetID())
    source = dls.GetNodeReference(SOURCE_ROLE)
    name = f"synthetic DLS-BIS of {source.GetName() if source is not None else dls.GetName()}"
    node.SetName(slicer.mrmlScene.GenerateUniqueName(name) if slicer.mrmlScene.GetFirstNodeByName(name) else name)
    node.SetVoxelValueQuantity(dls.GetVoxelValueQuantity())
    node.SetVoxelValueUnits(dls.GetVoxelValueUnits())


def _colours() -> slicer.vtkMRMLColorTableNode:
    """The table of colours in the scene: blue, transparent grey, red, alike on both sides of the middle."""
    for table in slicer.util.getNodesByClass("vtkMRMLColorTableNode"):
        if table.GetAttribute(COLOURS) == "yes":
            return table
    table = slicer.vtkMRMLColorTableNode()
    table.SetName(COLOURS_NAME)
    table.SetAttribute(COLOURS, "yes")
    table.SetTypeToUser()
    table.SetNumberOfColors(ENTRIES)
    middle = ENTRIES // 2
    for entry in range(ENTRIES):
        strength = abs(entry - middle) / middle
        end = DARKER if entry < middle else LIGHTER
        colour = [same + (far - same) * strength for same, far in zip(SAME, end, strict=True)]
        table.SetColor(entry, *colour, min(1.0, 2 * strength))
        hu = (entry - middle) / middle * WINDOW_HU / 2
        table.SetColorName(entry, f"{hu:+.0f} HU")
    table.NamesInitialisedOn()
    return slicer.mrmlScene.AddNode(table)
