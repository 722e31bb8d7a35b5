"""Volume nodes as the engine knows volumes: HU with their geometry, in memory and on the thin grid."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from ...engine.errors import CannotWrite, UnusableInput
from ...engine.files.file_acquisition import THICKNESS_ENTRY, acquisition_of_file
from ...engine.volumes.slice_thickness import known_thickness_mm
from ...engine.volumes.volume import Acquisition, Volume

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])

MODALITY = "0008,0060"
SERIES_DESCRIPTION = "0008,103E"
SLICE_THICKNESS = "0018,0050"
SERIES_UID = "0020,000E"
IMAGE_POSITION = "0020,0032"
IMAGE_ORIENTATION = "0020,0037"


def volume_of(node: slicer.vtkMRMLScalarVolumeNode) -> Volume:
    """The node's voxels, not copied, with their own geometry (LPS) and what Slicer knows of their acquisition.

    Parent transforms are not applied: a result gets the same parent as its source.
    Raises UnusableInput with the code `no_volume`, `no_image`, `label_map`, `components` or `too_few_slices`.
    """
    require_one_volume(node)
    x, y, z = (float(value) for value in RAS_TO_LPS @ node.GetOrigin())
    directions = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(directions)
    volume = Volume(
        hu=slicer.util.arrayFromVolume(node),
        spacing_mm=node.GetSpacing(),
        origin_mm=(x, y, z),
        direction=RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(directions)[:3, :3],
    )
    return replace(volume, acquisition=_acquisition(node, volume))


def require_room(folder: Path, size: int) -> None:
    """Returns when so many bytes can be written; raises CannotWrite with the code `no_folder` or `no_room`."""
    if not folder.is_dir():
        raise CannotWrite(_("The folder for the run's temporary files is gone; restart Slicer."), "no_folder")
    free = shutil.disk_usage(folder).free
    if free < size:
        sentence = _("The run's temporary files need {needed} GB, but only {free} GB are free; free some disk space.")
        raise CannotWrite(sentence.format(needed=f"{size / 1e9:.1f}", free=f"{free / 1e9:.1f}"), "no_room")


def cannot_write() -> CannotWrite:
    """What to tell when the disk takes no more, whatever it said before."""
    return CannotWrite(_("The run's temporary files could not be written; check the disk's space and permissions."))


def thickness_entry(volume: Volume) -> dict[str, str]:
    """The entry of a file's header by which the engine knows how thick the slices are; none where nobody says it."""
    thickness = volume.acquisition.slice_thickness_mm
    return {} if thickness is None else {THICKNESS_ENTRY: repr(float(thickness))}


def thin_ijk_to_ras(
    thick_node: slicer.vtkMRMLScalarVolumeNode, slice_axis: int, thick_to_thin_step: float
) -> vtk.vtkMatrix4x4:
    """From i, j, k of the thin grid to RAS, without parent transforms.

    slice_axis: 0, 1, 2 for i, j, k. thick_to_thin_step: thin by thick slice spacing, such as 0.2.
    Thick slice 0 lies on thin slice 0, centre on centre, so the origin is the same.
    """
    matrix = vtk.vtkMatrix4x4()
    thick_node.GetIJKToRASMatrix(matrix)
    for row in range(3):
        matrix.SetElement(row, slice_axis, matrix.GetElement(row, slice_axis) * thick_to_thin_step)
    return matrix


def require_one_volume(node: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Returns when the node holds one value per voxel of a volume; raises as `volume_of`."""
    if not isinstance(node, slicer.vtkMRMLScalarVolumeNode):
        raise UnusableInput(_("No volume is chosen; choose the chest CT with thick slices."), "no_volume")
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or image.GetNumberOfPoints() == 0:
        raise UnusableInput(_("This volume holds no image; choose another one."), "no_image")
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise UnusableInput(_("This is a label map, not CT; choose the CT itself."), "label_map")
    if image.GetNumberOfScalarComponents() != 1:
        sentence = _("Each voxel has more than one value (a colour image, for example); choose a CT with one.")
        raise UnusableInput(sentence, "components")
    if min(image.GetDimensions()) < 2:
        raise UnusableInput(_("This is a single picture; choose a volume of at least 2 slices."), "too_few_slices")


def series_uid_of(node: slicer.vtkMRMLScalarVolumeNode) -> str | None:
    """The UID of the DICOM series that the node was loaded from, as far as the subject hierarchy tells."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(node)
    if not item:
        return None
    return hierarchy.GetItemUID(item, slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMUIDName()) or None


def _acquisition(node: slicer.vtkMRMLScalarVolumeNode, volume: Volume) -> Acquisition:
    """What the DICOM database or, where it does not know the node's files, the subject hierarchy and the file tell."""
    uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if uids and database and database.isOpen and database.fileForInstance(uids[0]):
        # What is the same in the whole series is read of one file at most.
        return Acquisition(
            modality=database.instanceValue(uids[0], MODALITY) or None,
            slice_thickness_mm=known_thickness_mm(database.instanceValue(uids[0], SLICE_THICKNESS)),
            slice_positions_mm=_slice_positions(database, uids, volume),
            series_uid=database.instanceValue(uids[0], SERIES_UID) or None,
            series_description=database.instanceValue(uids[0], SERIES_DESCRIPTION) or None,
        )
    told = _told_by_file(node, volume.through_plane_axis)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(node)
    if not item:
        return told
    modality = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
    return replace(
        told,
        modality=hierarchy.GetItemAttribute(item, modality) or told.modality,
        series_uid=series_uid_of(node),
        series_description=hierarchy.GetItemAttribute(item, "DICOM.SeriesDescription") or None,
    )


def _told_by_file(node: slicer.vtkMRMLScalarVolumeNode, axis: int) -> Acquisition:
    """What the file that the node was loaded from tells, and entries of a header, which Slicer keeps as attributes."""
    storage = node.GetStorageNode()
    path = Path((storage.GetFullNameFromFileName() if storage else None) or "")
    told = Acquisition()
    with suppress(OSError, ValueError):  # it may be gone by now, or have been no file at all
        told = acquisition_of_file(path, axis) if path.is_file() else told
    if told.slice_thickness_mm is None:
        return replace(told, slice_thickness_mm=known_thickness_mm(node.GetAttribute(THICKNESS_ENTRY)))
    return told


def _slice_positions(database: Any, uids: Sequence[str], volume: Volume) -> tuple[float, ...] | None:
    """Where the slices lie along their normal in mm, ascending; None when it is not known of each slice.

    Reads only what the database has cached, which are the positions of all series that Slicer loaded from it: one
    quick query per slice, no file. Whoever has cropped the volume since has left the UIDs of all slices on it.
    """
    axis = volume.through_plane_axis
    cosines = _numbers(database.cachedTag(uids[0], IMAGE_ORIENTATION))
    places = [_numbers(database.cachedTag(uid, IMAGE_POSITION)) for uid in uids]
    if len(uids) != volume.size[axis] or len(cosines) != 6 or any(len(place) != 3 for place in places):
        return None
    normal = np.cross(cosines[:3], cosines[3:])
    positions = sorted(float(np.dot(place, normal)) for place in places)
    first_slice = float(np.dot(volume.origin_mm, normal))
    if min(abs(first_slice - positions[0]), abs(first_slice - positions[-1])) > volume.spacing_mm[axis] / 2:
        return None
    return tuple(positions)


def _numbers(text: str) -> list[float]:
    """The numbers of a DICOM value; none when it is empty or one of the database's marks for that."""
    try:
        return [float(part) for part in text.split("\\")]
    except ValueError:
        return []
