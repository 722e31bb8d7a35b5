"""What ThinSliceSR adds to Slicer's DICOM module: export of results as what they are, and their return from there."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

# Slicer can be built without DICOM, and loads this file all the same.
HAS_DICOM = importlib.util.find_spec("DICOMLib") is not None
if TYPE_CHECKING or HAS_DICOM:
    from DICOMLib import DICOMPlugin
else:
    DICOMPlugin = object

NAME = "DICOMThinSliceSRPlugin"
SCALAR_VOLUME_PLUGIN = "DICOMScalarVolumePlugin"
# Slicer's own plugin for scalar volumes says 0.5; it would take a result for CT as a scanner makes it.
CONFIDENCE = 0.9


class DICOMThinSliceSRPluginClass(DICOMPlugin):
    """DLS and BIS volumes: out as series that say that they are synthetic, and in as volumes that say so."""

    def __init__(self) -> None:
        super().__init__()
        from ThinSliceSRLib.desktop.dicom.dicom_loading import TAGS

        self.loadType = _("Synthetic Volume (ThinSliceSR)")
        self.tags.update(TAGS)

    def examineForImport(self, fileLists: list[list[str]]) -> list[Any]:
        """What Slicer's plugin for scalar volumes finds in series of ours, of which this plugin is surer."""
        from ThinSliceSRLib.desktop.dicom.dicom_loading import kind_of_series

        own = [files for files in fileLists if kind_of_series(files[0])]
        loadables = slicer.modules.dicomPlugins[SCALAR_VOLUME_PLUGIN]().examineForImport(own) if own else []
        for loadable in loadables:
            if loadable.selected:
                loadable.confidence = CONFIDENCE
        return loadables

    def load(self, loadable: Any) -> slicer.vtkMRMLScalarVolumeNode | None:
        """The volume as Slicer's plugin for scalar volumes loads it, marked as a result."""
        from ThinSliceSRLib.desktop.dicom.dicom_loading import kind_of_series, mark_as_result

        file = loadable.files[0]
        kind = kind_of_series(file)
        node = slicer.modules.dicomPlugins[SCALAR_VOLUME_PLUGIN]().load(loadable)
        if node is not None and kind is not None:
            mark_as_result(node, kind, file)
        return node

    def examineForExport(self, subjectHierarchyItemID: int) -> list[Any]:
        """One way to export a result; none for anything else."""
        from ThinSliceSRLib.desktop.scene.synthetic_mark import is_synthetic

        if not is_synthetic(_node_of(subjectHierarchyItemID)):
            return []
        exportable = slicer.qSlicerDICOMExportable()
        exportable.name = self.loadType
        exportable.tooltip = _(
            "Makes a CT series that says that it is synthetic, in the study of the input. Its patient and study are "
            "those of the input's files, whatever stands here."
        )
        exportable.subjectHierarchyItemID = subjectHierarchyItemID
        exportable.pluginClass = NAME
        exportable.confidence = CONFIDENCE
        return [exportable]

    def export(self, exportables: list[Any]) -> str:
        """Writes the series into the folder that the exportables name; returns why not, or nothing."""
        from ThinSliceSRLib.desktop.dicom.dicom_export import ExportRequest
        from ThinSliceSRLib.desktop.run.session import Session
        from ThinSliceSRLib.engine.errors import ThinSliceError

        session = Session()
        try:
            for exportable in exportables:
                target = Path(exportable.directory)
                result = _node_of(exportable.subjectHierarchyItemID)
                folder = session.export(ExportRequest((result,), target))
                if Path(slicer.app.temporaryPath) in target.parents:
                    _without_folders(folder, target, str(exportable.subjectHierarchyItemID))
        except ThinSliceError as error:
            return str(error)
        finally:
            session.close()
        return ""


def _node_of(item: int) -> slicer.vtkMRMLNode | None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    return hierarchy.GetItemDataNode(item)


def _without_folders(folder: Path, target: Path, prefix: str) -> None:
    """Moves the files in `folder` to `target`: in its temporary folder, Slicer later removes files, but no folders."""
    for file in folder.rglob("*.dcm"):
        file.rename(target / f"{prefix}-{file.parent.name}-{file.name}")
    shutil.rmtree(folder)


class DICOMThinSliceSRPlugin:
    """By this class, of the name of its file, Slicer finds the plugin; it has no panel."""

    def __init__(self, parent: Any) -> None:
        # Not translated: only developers see it.
        parent.title = "DICOM ThinSliceSR Plugin"
        parent.categories = ["Developer Tools.DICOM Plugins"]
        parent.contributors = ["ThinSliceSR contributors"]
        parent.helpText = "Lets the DICOM module export and load the volumes that ThinSliceSR makes."
        parent.acknowledgementText = ""
        parent.hidden = True
        if not HAS_DICOM:
            return
        # Slicer may load this before the DICOM module, which asks for the plugins.
        if not hasattr(slicer.modules, "dicomPlugins"):
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins[NAME] = DICOMThinSliceSRPluginClass
