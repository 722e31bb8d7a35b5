"""Stands for Slicer's DICOM database, its plugin for scalar volumes, and what a plugin offers to export.

The names are those of ctkDICOMDatabase and qSlicerDICOMExportable, the files and the volume reader are real. It cannot
prove how PythonQt wraps these classes, nor what the DICOM module and its dialogs do with them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import slicer
import vtk
from DICOMLib import DICOMLoadable, DICOMPlugin
from pydicom.uid import CTImageStorage


class Database:
    """A folder of copied files, each known by its UID."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.isOpen = True
        self.changes = 0
        self._headers: dict[str, pydicom.Dataset] = {}

    def insert(self, path: Path) -> None:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        copied = self.folder / header.SeriesInstanceUID / f"{header.SOPInstanceUID}.dcm"
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
        self._headers[str(copied)] = header

    def databaseChanged(self) -> None:
        self.changes += 1

    def fileForInstance(self, uid: str) -> str:
        return next((file for file, header in self._headers.items() if header.SOPInstanceUID == uid), "")

    def filesForSeries(self, uid: str, hits: int = -1) -> tuple[str, ...]:
        return tuple(file for file, header in self._headers.items() if header.SeriesInstanceUID == uid)

    def seriesForStudy(self, uid: str) -> tuple[str, ...]:
        return tuple({h.SeriesInstanceUID: 0 for h in self._headers.values() if h.StudyInstanceUID == uid})

    def fileValue(self, file: str, tag: str) -> str:
        group, element = (int(part, 16) for part in tag.split(","))
        value = self._headers[file].get((group, element))
        if value is None or value.value is None:
            return ""
        several = isinstance(value.value, pydicom.multival.MultiValue)
        return "\\".join(map(str, value.value)) if several else str(value.value)

    def instanceValue(self, uid: str, tag: str) -> str:
        return self.fileValue(self.fileForInstance(uid), tag)

    cachedTag = instanceValue


class qSlicerDICOMExportable:  # noqa: N801 - Slicer's name
    """Its properties."""

    name = tooltip = pluginClass = directory = ""
    subjectHierarchyItemID = 0
    confidence = 0.5


class ScalarVolumePlugin(DICOMPlugin):
    """Loads a series with Slicer's own reader, and gives the node what Slicer's plugin gives it."""

    def examineForImport(self, fileLists: list[list[str]]) -> list[DICOMLoadable]:
        return [DICOMLoadable(list(files), "Series", selected=True) for files in fileLists]

    def load(self, loadable: DICOMLoadable) -> slicer.vtkMRMLScalarVolumeNode:
        headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in loadable.files]
        assert {header.SOPClassUID for header in headers} == {CTImageStorage}
        row, column = headers[0].ImageOrientationPatient[:3], headers[0].ImageOrientationPatient[3:]
        normal = [row[1] * column[2] - row[2] * column[1], row[2] * column[0] - row[0] * column[2]]
        normal.append(row[0] * column[1] - row[1] * column[0])
        place = [sum(a * b for a, b in zip(normal, header.ImagePositionPatient, strict=True)) for header in headers]
        order = sorted(range(len(headers)), key=place.__getitem__)
        files, headers = [loadable.files[index] for index in order], [headers[index] for index in order]

        reader = slicer.vtkITKArchetypeImageSeriesScalarReader()
        reader.SetArchetype(files[0])
        for file in files:
            reader.AddFileName(file)
        reader.SetSingleFile(0)
        reader.SetOutputScalarTypeToNative()
        reader.SetDesiredCoordinateOrientationToNative()
        reader.SetUseNativeOriginOn()
        reader.SetDICOMImageIOApproachToGDCM()
        unit = vtk.vtkImageChangeInformation()
        unit.SetInputConnection(reader.GetOutputPort())
        unit.SetOutputSpacing(1, 1, 1)
        unit.SetOutputOrigin(0, 0, 0)
        unit.Update()
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", headers[0].SeriesDescription)
        node.SetAndObserveImageData(unit.GetOutputDataObject(0))
        node.SetRASToIJKMatrix(reader.GetRasToIjkMatrix())
        node.CreateDefaultDisplayNodes()
        to_ras = vtk.vtkMatrix4x4()
        node.GetIJKToRASMatrix(to_ras)
        if not slicer.vtkMRMLVolumeNode.IsIJKCoordinateSystemRightHanded(to_ras):
            slicer.vtkMRMLVolumeNode.ReverseSliceOrder(node.GetImageData(), to_ras)
            node.SetIJKToRASMatrix(to_ras)
            headers.reverse()
        node.SetAttribute("DICOM.instanceUIDs", " ".join(header.SOPInstanceUID for header in headers))
        _place_in_hierarchy(node, headers[0])
        return node


def _place_in_hierarchy(node: slicer.vtkMRMLScalarVolumeNode, header: pydicom.Dataset) -> None:
    """The node as a series below its study and patient, which are made where they are missing."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    name = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMUIDName()
    parent = hierarchy.GetSceneItemID()
    for uid, title in ((header.PatientID, str(header.PatientName)), (header.StudyInstanceUID, "Study")):
        item = hierarchy.GetItemByUID(name, uid)
        if not item:
            item = hierarchy.CreateSubjectItem(parent, title)
            hierarchy.SetItemUID(item, name, uid)
            hierarchy.SetItemParent(item, parent)
        parent = item
    series = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(parent, node)
    hierarchy.SetItemParent(series, parent)
    hierarchy.SetItemUID(series, name, header.SeriesInstanceUID)
