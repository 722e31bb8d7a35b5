"""What the Sample Data module offers for ThinSliceSR: two chests in 5 mm slices, one drawn here, one downloaded.

To draw one takes many seconds, so a worker does it while Slicer goes on showing what changes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _

from ...engine.errors import ThinSliceError
from ...engine.events.told import Event, Progressed
from ...engine.files.reading import read_volume
from ...engine.synthesis.simulation import simulate_thick
from ...engine.volumes.slab_profile import USUAL_SLABS
from ...engine.volumes.volume import Volume
from ..scene.volume_nodes import RAS_TO_LPS, thickness_entry, volume_of
from ..scene.windows import set_window
from ..worker.private_folder import PrivateFolder
from ..worker.worker_process import Ending, Worker
from .sample_data import CT_CHEST, PHANTOM

# 76 slices of 1 mm make 16 slabs, hold four of the phantom's nodules and are drawn in a few seconds.
PHANTOM_THIN_SLICES = 76


def load_chosen_sample(source: Any) -> list[slicer.vtkMRMLScalarVolumeNode]:
    """What the Sample Data module calls with the source that the user chose: the loaded volumes.

    A failure is told in one sentence, and leaves the list empty.
    """
    make = {PHANTOM: phantom_volume, CT_CHEST: ct_chest_volume}[source.sampleName]
    _sample_data_logic().logMessage(_("Preparing {name}…").format(name=source.sampleName))
    try:
        with slicer.util.WaitCursor():
            volume = make()
    except ThinSliceError as error:
        slicer.util.errorDisplay(str(error))
        return []
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return [volume]


def phantom_volume() -> slicer.vtkMRMLScalarVolumeNode:
    """A new volume with the chest phantom, which is no patient, in 5 mm slices; drawn within seconds, no network.

    Slicer shows what changes meanwhile, but takes no input. Raises ThinSliceError when it cannot be drawn.
    """
    folder = PrivateFolder(Path(slicer.app.temporaryPath))
    try:
        file = folder.new_folder() / "phantom.nrrd"
        _draw_phantom(file)
        return _new_node(read_volume(file), _("Chest phantom 5 mm"))
    finally:
        folder.remove()


def _draw_phantom(file: Path) -> None:
    """Lets a worker draw it into the file, and waits for that. Raises ThinSliceError."""
    endings: list[Ending] = []
    arguments = ["phantom", str(file), "--thin-slices", str(PHANTOM_THIN_SLICES), "--progress", "json"]
    worker = Worker(arguments, on_ended=endings.append, on_event=_tell_how_far)
    worker.start()
    try:
        while not endings:
            slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)
            time.sleep(0.01)  # the worker needs the processor more than this loop
    finally:
        worker.abandon()
    if not endings[0].done:
        raise ThinSliceError(endings[0].sentence, endings[0].code)


def _tell_how_far(event: Event) -> None:
    if isinstance(event, Progressed):
        percent = round(100 * event.done / event.total)
        _sample_data_logic().logMessage(_("Drawing the phantom: {percent} %").format(percent=percent))


def ct_chest_volume() -> slicer.vtkMRMLScalarVolumeNode:
    """A new volume with Slicer's sample CTChest averaged to 5 mm slices, in the same place.

    The Sample Data module downloads CTChest, or takes it from its cache. Raises ThinSliceError when it cannot.
    """
    loaded = _sample_data_logic().downloadSamples("CTChest")
    if not (loaded and loaded[0]):
        raise ThinSliceError(
            _("CTChest could not be downloaded; check the internet connection and try again."), "download_failed"
        )
    thin = loaded[0]
    try:
        return _new_node(simulate_thick(volume_of(thin), USUAL_SLABS), _("CTChest averaged to 5 mm"))
    finally:
        for node in (thin.GetDisplayNode(), thin):
            slicer.mrmlScene.RemoveNode(node)


def _sample_data_logic() -> Any:
    """The Sample Data module's logic: that of its panel, which shows the messages, where the panel exists."""
    import SampleData

    panel = getattr(slicer.modules, "SampleDataWidget", None)
    return panel.logic if panel else SampleData.SampleDataLogic()


def _new_node(volume: Volume, name: str) -> slicer.vtkMRMLScalarVolumeNode:
    """A volume of the scene with the engine's values at their place, shown in the lung window."""
    index_to_ras = np.eye(4)
    # The way from LPS to RAS is the one from RAS to LPS.
    index_to_ras[:3, :3] = RAS_TO_LPS @ volume.direction * np.array(volume.spacing_mm)
    index_to_ras[:3, 3] = RAS_TO_LPS @ volume.origin_mm
    node = slicer.util.addVolumeFromArray(volume.hu, index_to_ras, slicer.mrmlScene.GenerateUniqueName(name))
    for entry, value in thickness_entry(volume).items():
        node.SetAttribute(entry, value)
    set_window([node], "lung")
    return node
