"""Volume nodes as the engine knows volumes: HU with their geometry, in memory, in a file, and on the thin grid."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from ..engine.errors import CannotWrite, UnusableInput
from ..engine.volumes.volume import Acquisition, Volume

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
NRRD_HEADER_END = b"\n\n"
NRRD_HEADER_AT_MOST = 65536

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


def write_volume(node: slicer.vtkMRMLScalarVolumeNode, path: Path, header: Mapping[str, str] | None = None) -> None:
    """Writes the node's voxels and geometry, and nothing else of it, to an uncompressed .nrrd file.

    header: further entries of the file's header.
    Raises UnusableInput as `volume_of`, or CannotWrite with the code `no_folder`, `no_room` or `cannot_write`; then no
    file is left.
    """
    require_one_volume(node)
    size = slicer.util.arrayFromVolume(node).nbytes
    if not path.parent.is_dir():
        raise CannotWrite(_("The folder for the run's temporary files is gone; restart Slicer."), "no_folder")
    free = shutil.disk_usage(path.parent).free
    if free < size:
        sentence = _("The run's temporary files need {needed} GB, but only {free} GB are free; free some disk space.")
        raise CannotWrite(sentence.format(needed=f"{size / 1e9:.1f}", free=f"{free / 1e9:.1f}"), "no_room")
    # The storage node writes a node's attributes into the file. This one has no others, so no name can get there.
    image = vtk.vtkImageData()
    image.ShallowCopy(node.GetImageData())
    bare = slicer.vtkMRMLScalarVolumeNode()
    bare.CopyOrientation(node)
    bare.SetAndObserveImageData(image)
    for entry, value in (header or {}).items():
        bare.SetAttribute(entry, value)
    storage = slicer.vtkMRMLNRRDStorageNode()
    storage.SetFileName(str(path))
    storage.UseCompressionOff()
    if not storage.WriteData(bare) or not _is_whole(path, size):
        with suppress(OSError):  # what could not be written need not be there
            path.unlink()
        raise CannotWrite(_("The run's temporary files could not be written; check the disk's space and permissions."))


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
    """What the DICOM database or, where it does not know the node's files, the subject hierarchy tells."""
    uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if uids and database and database.isOpen and database.fileForInstance(uids[0]):
        # What is the same in the whole series is read of one file at most.
        thickness = _numbers(database.instanceValue(uids[0], SLICE_THICKNESS))
        return Acquisition(
            modality=database.instanceValue(uids[0], MODALITY) or None,
            slice_thickness_mm=thickness[0] if thickness else None,
            slice_positions_mm=_slice_positions(database, uids, volume),
            series_uid=database.instanceValue(uids[0], SERIES_UID) or None,
            series_description=database.instanceValue(uids[0], SERIES_DESCRIPTION) or None,
        )
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(node)
    if not item:
        return Acquisition()
    modality = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
    return Acquisition(
        modality=hierarchy.GetItemAttribute(item, modality) or None,
        series_uid=series_uid_of(node),
        series_description=hierarchy.GetItemAttribute(item, "DICOM.SeriesDescription") or None,
    )


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


def _is_whole(path: Path, size: int) -> bool:
    """Whether `size` bytes follow the header of the NRRD file: a full disk may show only when it is closed."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        header_end = file.read(NRRD_HEADER_AT_MOST).find(NRRD_HEADER_END)
    return header_end >= 0 and path.stat().st_size == header_end + len(NRRD_HEADER_END) + size
