"""How a doubt volume looks: dark to bright amber, nothing where the doubt is low, and never a colour for "safe"."""

from __future__ import annotations

import slicer

from .windows import Window

COLOURS_NAME = "Doubt (dark to bright amber)"
COLOURS = 256
DARKEST, BRIGHTEST = (0.42, 0.24, 0.0), (1.0, 0.75, 0.0)
WINDOW = Window(width=200, level=100)
"""The same for every volume, so that one colour always tells the same doubt: the brightest tells 200 HU or more."""
FIRST_SHOWN_HU = 50
MOST_HU = 32767  # int16


def look_like_doubt(doubt: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Gives the doubt's display node the colours, their window, and the lowest doubt that is shown."""
    display = doubt.GetDisplayNode()
    with slicer.util.NodeModify(display):
        keep_window(display)
        display.SetInterpolate(0)  # a doubt between two voxels is nobody's
        show_from(doubt, FIRST_SHOWN_HU)
        display.SetAndObserveColorNodeID(_colours().GetID())


def keep_window(display: slicer.vtkMRMLScalarVolumeDisplayNode) -> None:
    """Gives the window back that the mouse has changed, or the display has chosen by the volume's values."""
    if display.GetAutoWindowLevel() or (display.GetWindow(), display.GetLevel()) != (WINDOW.width, WINDOW.level):
        with slicer.util.NodeModify(display):
            display.AutoWindowLevelOff()
            display.SetWindowLevel(WINDOW.width, WINDOW.level)


def repair_colours(doubt: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Gives a doubt its colours again that a scene was saved without: Slicer saves a colour table in its own file."""
    display = doubt.GetDisplayNode()
    if display is None:
        doubt.CreateDefaultDisplayNodes()
        look_like_doubt(doubt)
    elif not _is_amber(display.GetColorNode()):
        display.SetAndObserveColorNodeID(_colours().GetID())


def show_from(doubt: slicer.vtkMRMLScalarVolumeNode, hu: int) -> None:
    """Shows the doubt only where it is as high as this; what lies below is transparent."""
    with slicer.util.NodeModify(doubt.GetDisplayNode()) as display:
        display.AutoThresholdOff()
        display.SetThreshold(hu, MOST_HU)
        display.ApplyThresholdOn()


def shown_from(doubt: slicer.vtkMRMLScalarVolumeNode) -> int:
    """The lowest doubt that is shown, in HU."""
    return round(doubt.GetDisplayNode().GetLowerThreshold())


def say_unit(doubt: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Lets the node say that its values are HU, but none of an attenuation."""
    unit = slicer.vtkCodedEntry()
    unit.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    doubt.SetVoxelValueUnits(unit)
    doubt.SetVoxelValueQuantity(None)


def _colours() -> slicer.vtkMRMLColorTableNode:
    """The table of the scene, which is made where it is missing; all doubts share it.

    A slice view shows a voxel of a volume wholly or not at all (vtkMRMLScalarVolumeDisplayNode takes any opacity but 0
    for 1), so the colours tell how high the doubt is; only the first entry is transparent, for no doubt at all.
    """
    for table in slicer.util.getNodesByClass("vtkMRMLColorTableNode"):
        if _is_amber(table):
            return table
    table = slicer.vtkMRMLColorTableNode()
    table.SetName(COLOURS_NAME)
    table.SetTypeToUser()
    table.SetNumberOfColors(COLOURS)
    table.SetDescription("How large an error of synthetic thin slices is expected; low doubt is no proof.")
    for index in range(COLOURS):
        share = index / (COLOURS - 1)
        red, green, blue = (low + (high - low) * share for low, high in zip(DARKEST, BRIGHTEST, strict=True))
        table.SetColor(index, f"{share * WINDOW.width:.0f} HU", red, green, blue, 1.0 if index else 0.0)
    slicer.mrmlScene.AddNode(table)
    return table


def _is_amber(table: slicer.vtkMRMLColorNode | None) -> bool:
    """Whether it is the table, with its colours."""
    if table is None or table.GetName() != COLOURS_NAME or table.GetNumberOfColors() != COLOURS:
        return False
    last = [0.0] * 4
    return bool(table.GetColor(COLOURS - 1, last)) and last[0] > last[1] > last[2]
