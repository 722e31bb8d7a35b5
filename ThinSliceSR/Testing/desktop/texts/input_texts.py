"""What the panel says of volumes: of all that may be chosen as an input, and all that the engine finds in one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from driving import add_thick_volume, choose, on_cpu
from engine_findings import every_finding, every_sentence
from fast_worker import install, tell
from result_making import finished
from shown_texts import chosen, shown, when_ended
from ThinSliceSRLib.desktop.panel import input_section
from ThinSliceSRLib.desktop.scene.volume_nodes import cannot_write, require_room
from ThinSliceSRLib.desktop.worker.outcome import Progress
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.events.told import Warned
from volume_making import PLAIN, oblique, volume_node

SAGITTAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
CORONAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def of_inputs(module: Any, folder: Path) -> Iterator[str]:
    """Of all that may be chosen as an input, and of all that is said of where the files for a run lie."""
    scene = slicer.mrmlScene
    chest = slicer.util.arrayFromVolume(add_thick_volume()).astype(np.float32)
    unit, offset, other = (chest + 1024) / 3072, chest + 1024, chest + 5000
    for name, hu in {"Unit": unit, "Offset": offset, "Other": other}.items():
        slicer.util.updateVolumeFromArray(node := add_thick_volume(name), hu)
        yield from chosen(module, node)
    label_map = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    slicer.util.updateVolumeFromArray(label_map, np.zeros((4, 4, 4), np.int16))
    colour = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Colour")
    slicer.util.updateVolumeFromArray(colour, np.zeros((4, 4, 4, 3), np.uint8))
    leaning = PLAIN.copy()
    leaning[:, 2] = (0.0, np.sin(np.radians(12.0)), np.cos(np.radians(12.0)))
    doubtful, thick, warped = volume_node(), volume_node(), volume_node()
    doubtful.SetAttribute("ThinSliceSR.GivenSliceThicknessMm", "30")
    thick.SetAttribute("ThinSliceSR.GivenSliceThicknessMm", "5")
    warp = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "Acquisition")
    warped.SetAndObserveTransformNodeID(warp.GetID())
    made = [volume_node(directions=directions) for directions in (PLAIN, SAGITTAL, CORONAL, oblique(45), leaning)]
    results = finished(thick)
    nodes = [label_map, colour, doubtful, thick, warped, results.dls, volume_node(spacing=(0.7, 0.7, 1.0)), *made]
    nodes += [scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"), volume_node(size=(20, 16, 1)), None]
    for node in nodes:
        yield from chosen(module, node)
    beside = folder / "chest.nii"  # what dcm2niix writes beside a file, damaged
    beside.with_suffix(".json").write_text("{")
    beside.write_bytes(b"")
    stored = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    stored.SetFileName(str(beside))
    thick.SetAndObserveStorageNodeID(stored.GetID())
    thick.RemoveAttribute("ThinSliceSR.GivenSliceThicknessMm")
    yield from chosen(module, thick)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(input_section, "AT_ONCE_VOXELS", 0)
        yield from chosen(module, add_thick_volume("Large"))
    for where, size in ((folder, 10**18), (folder / "gone", 1)):
        with pytest.raises(ThinSliceError) as refused:
            require_room(where, size)
        yield str(refused.value)
    yield str(cannot_write())
    with pytest.raises(ThinSliceError) as refused:
        module.logic.synthesize(None)
    yield str(refused.value)


def of_the_engine(module: Any, folder: Path) -> Iterator[str]:
    """All that the engine can say of a volume, as warnings during a run."""
    sentences = every_sentence(every_finding())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(install(folder)))
        tell(folder, "hold")
        choose(module.ui.inputSelector, add_thick_volume())
        on_cpu(module)
        module.ui.applyButton.click()
        for sentence in sentences:
            module.panel._run._on_event(Warned("any", sentence))
            module.panel._messages.show_progress(Progress("synthesize", 0.5, 40.0))
            yield from shown(module)
        module.ui.applyButton.click()
        yield from when_ended(module)
