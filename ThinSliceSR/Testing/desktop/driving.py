"""How the tests use the module as a user does: a real window, offscreen, over a real scene."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

STAND_INS = str(Path(__file__).parent / "stand_ins")
TRUE_PROPERTY = 0x02  # PySide6's feature of that name: Qt properties are attributes, as in PythonQt


def wait_for(condition: Callable[[], object], seconds: float = 40) -> None:
    """Lets Qt work until the condition holds. Raises AssertionError when it does not in time.

    seconds: those in which this process has a core, so that they are longer the busier the machine is.
    """
    import slicer

    end = time.process_time() + seconds
    while not condition():
        assert time.process_time() < end, "waited in vain"
        slicer.app.processEvents()


def properties_as_in_slicer(*tests: str) -> None:
    """Lets the module and the Python modules `tests` see Qt properties as attributes, and the stand-ins as methods.

    PySide6 keeps the last choice for a Python module that it has none for, so each must have one.
    """
    from shibokensupport import feature

    for name, python_module in list(sys.modules.items()):
        file = getattr(python_module, "__dict__", {}).get("__file__")  # some of torch's have any attribute asked for
        if name.startswith("ThinSliceSRLib.desktop") or name in ("ThinSliceSR", __name__, "panel_width", *tests):
            feature.set_selection(TRUE_PROPERTY, name)
        elif isinstance(file, str) and file.startswith(STAND_INS):
            feature.set_selection(0, name)


def open_module(*tests: str) -> Any:
    """The module's widget, set up as Slicer does when the user opens the module, in a window of its own.

    tests: names of the Python modules that use it.
    """
    import slicer
    from PySide6.QtWidgets import QVBoxLayout

    from ThinSliceSR import ThinSliceSR, ThinSliceSRWidget

    importlib.import_module("ThinSliceSRLib.desktop.panel.panel")
    properties_as_in_slicer(*tests)
    if hasattr(slicer.modules, "ThinSliceSRInstance"):  # Slicer has one module; what an earlier one started ends
        slicer.modules.ThinSliceSRInstance.stopLabels()
    slicer.modules.ThinSliceSRInstance = ThinSliceSR(SimpleNamespace())
    parent = slicer.qMRMLWidget()
    QVBoxLayout(parent)
    widget = ThinSliceSRWidget(parent)
    widget.setup()
    widget.enter()
    parent.resize(440, 900)
    parent.show()
    return widget


def add_thick_volume(name: str = "Chest", slices: int = 8, matrix: int = 40, spacing_mm: float = 5.0) -> Any:
    """A thick volume of the scene that looks like a chest: lung in soft tissue."""
    import slicer

    hu = np.full((slices, matrix, matrix), 40, np.int16)
    hu[:, matrix // 4 : -matrix // 4, matrix // 6 : -matrix // 6] = -850
    hu += np.random.default_rng(1).integers(-20, 20, hu.shape, np.int16)
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(name)
    slicer.util.updateVolumeFromArray(volume, hu)
    volume.SetSpacing(0.7, 0.7, spacing_mm)
    volume.SetOrigin(10, -20, -300)
    volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    slicer.mrmlScene.AddNode(volume)  # now that it is whole: the selector chooses the first volume of a scene at once
    volume.CreateDefaultDisplayNodes()
    return volume


def darken(volume: Any) -> None:
    """Sets all its values to 0 HU in their place, as scripts do."""
    import slicer

    slicer.util.arrayFromVolume(volume)[:] = 0
    slicer.util.arrayFromVolumeModified(volume)


def choose(selector: Any, volume: Any) -> None:
    selector.setCurrentNode(volume)


def on_cpu(module: Any) -> None:
    module._parameters.device = "cpu"


def apply_and_wait(module: Any, seconds: float = 120) -> Any:
    """Returns the results."""
    module.ui.applyButton.click()
    assert module.ui.applyButton.text == "Cancel"
    results = module.panel._run.results
    wait_for(lambda: module.ui.applyButton.text == "Apply", seconds)
    return results


def start_long_run(module: Any) -> Any:
    """A run that takes minutes, once there is something to see; returns its input."""
    thick = add_thick_volume("Long", slices=40, matrix=256)
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    module.ui.applyButton.click()
    wait_for(lambda: module.panel._run.visible and "Making thin slices" in module.ui.statusLabel.text)
    return thick


def list_places(module: Any) -> None:
    """Has the places to doubt listed, or told why not."""
    module.ui.placesButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply")


def cells(module: Any) -> list[list[Any]]:
    """What the table of places holds, row by row."""
    import qt

    table = module.ui.placesTable
    return [
        [table.item(row, column).data(qt.Qt.DisplayRole) for column in range(table.columnCount)]
        for row in range(table.rowCount)
    ]


def synthetic_volumes() -> list[Any]:
    """Those of the scene."""
    import slicer

    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [volume for volume in volumes if volume.GetAttribute("ThinSliceSR.Synthetic") == "yes"]


def picture(widget: Any, path: Path) -> None:
    """Saves what the window shows."""
    widget.parent.grab().save(str(path))
