from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest
import slicer
import vtk
from loaded_series import Database, node_with_a_gap
from ThinSliceSRLib.desktop.scene.volume_nodes import series_uid_of, thickness_entry, thin_ijk_to_ras, volume_of
from ThinSliceSRLib.engine.errors import CannotWrite, UnusableInput
from ThinSliceSRLib.engine.files.nrrd_file import write_nrrd
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.files.text_headers import nrrd_header_of
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume
from volume_making import LEFT_HANDED, PLAIN, oblique, under_transform, volume_node, write_volume

pytestmark = pytest.mark.usefixtures("application")

DIRECTIONS = {"plain": PLAIN, "left-handed": LEFT_HANDED, "oblique": oblique(33)}


@pytest.fixture
def loaded_series(scene, monkeypatch):
    """A node as Slicer loads it from DICOM, whose fourth slice is missing, and the database that knows it."""
    return node_with_a_gap(monkeypatch)


def test_a_volume_is_a_view_of_the_nodes_voxels_in_kji(scene):
    hu = np.arange(20 * 16 * 6, dtype=np.int16).reshape(6, 16, 20)
    node = volume_node(hu=hu)
    volume = volume_of(node)
    assert np.array_equal(volume.hu, hu)
    assert np.shares_memory(volume.hu, slicer.util.arrayFromVolume(node))
    assert volume.size == (20, 16, 6)


@pytest.mark.parametrize("directions", DIRECTIONS.values(), ids=DIRECTIONS)
def test_a_volume_lies_in_lps_where_its_node_lies_in_ras(scene, directions):
    node = volume_node(directions=directions)
    under_transform(node)
    volume = volume_of(node)
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    for index in itertools.product((0, 19), (0, 15), (0, 5)):
        ras = np.array(matrix.MultiplyPoint([*index, 1])[:3])
        lps = np.array(volume.origin_mm) + volume.direction @ (np.array(index) * volume.spacing_mm)
        assert lps == pytest.approx(ras * (-1, -1, 1), abs=1e-9)


@pytest.mark.parametrize("directions", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32])
def test_what_is_written_is_read_by_the_engine_as_it_was(scene, tmp_path, directions, dtype):
    hu = np.random.default_rng(0).integers(0, 200, (6, 16, 20)).astype(dtype)
    node = volume_node(directions=directions, hu=hu)
    write_volume(node, tmp_path / "thick.nrrd")
    read, volume = read_volume(tmp_path / "thick.nrrd"), volume_of(node)
    assert np.array_equal(read.hu, hu)
    assert read.spacing_mm == pytest.approx(volume.spacing_mm, abs=1e-12)
    assert read.origin_mm == pytest.approx(volume.origin_mm, abs=1e-12)
    assert read.direction == pytest.approx(volume.direction, abs=1e-12)
    assert (tmp_path / "thick.nrrd").stat().st_size == pytest.approx(hu.nbytes, abs=600)


def test_no_name_and_no_attribute_gets_into_the_file(scene, tmp_path):
    node = volume_node("DOE JANE")
    node.SetAttribute("DICOM.PatientName", "DOE^JANE")
    node.GetImageData().GetPointData().GetScalars().SetName("DOE JANE")
    write_volume(node, tmp_path / "thick.nrrd")
    assert b"DOE" not in (tmp_path / "thick.nrrd").read_bytes()


def test_writing_changes_nothing_about_the_node(scene, tmp_path):
    node = volume_node()
    storage = slicer.vtkMRMLNRRDStorageNode()
    storage.SetFileName("original.nrrd")
    slicer.mrmlScene.AddNode(storage)
    node.SetAndObserveStorageNodeID(storage.GetID())
    node.SetAttribute("Note", "kept")

    def state():
        return (
            node.GetMTime(),
            node.GetImageData().GetMTime(),
            node.GetImageData().HasObserver("ModifiedEvent"),
            node.GetStorageNodeID(),
            storage.GetMTime(),
            storage.GetFileName(),
            storage.GetUseCompression(),
            node.GetAttributeNames(),
            scene.GetNumberOfNodes(),
        )

    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)  # which is in every scene of Slicer's
    before = state()
    write_volume(node, tmp_path / "thick.nrrd")
    assert state() == before


def test_a_folder_that_is_gone_is_told_in_one_sentence(scene, tmp_path):
    with pytest.raises(CannotWrite, match=r"^The folder .* is gone; restart Slicer\.$") as caught:
        write_volume(volume_node(), tmp_path / "gone" / "thick.nrrd")
    assert caught.value.code == "no_folder"


def test_a_disk_without_room_is_told_before_anything_is_written(scene, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(CannotWrite, match="free some disk space") as caught:
        write_volume(volume_node(), tmp_path / "thick.nrrd")
    assert caught.value.code == "no_room"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_disk_that_fills_up_meanwhile_is_told_in_one_sentence(scene, tmp_path):
    import resource

    # So few bytes reach the disk only when the file is closed, where the writer no longer looks.
    node = volume_node(size=(10, 10, 10))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(CannotWrite, match=r"could not be written; check the disk's space"):
            write_volume(node, tmp_path / "thick.nrrd")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("directions", DIRECTIONS.values(), ids=DIRECTIONS)
def test_thick_slice_n_lies_on_thin_slice_5n(scene, directions, axis):
    size, spacing = [20, 16, 12], [0.7, 0.7, 0.7]
    size[axis], spacing[axis] = 6, 5.0
    node = volume_node(size=size, spacing=spacing, directions=directions)
    thin, thick = thin_ijk_to_ras(node, axis, 1 / 5), vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(thick)
    for corner in itertools.product(*((0, extent - 1) for extent in size)):
        thin_corner = [5 * index if other == axis else index for other, index in enumerate(corner)]
        assert thin.MultiplyPoint([*thin_corner, 1]) == pytest.approx(thick.MultiplyPoint([*corner, 1]), abs=1e-9)


def test_what_is_no_volume_of_one_value_is_refused_in_plain_words(scene, tmp_path):
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    label_map = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    colour = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Colour")
    for node, components in ((label_map, 1), (colour, 3)):
        image = vtk.vtkImageData()
        image.SetDimensions(4, 4, 4)
        image.AllocateScalars(vtk.VTK_SHORT, components)
        node.SetAndObserveImageData(image)
    picture = volume_node(size=(20, 16, 1))
    codes = {empty: "no_image", label_map: "label_map", colour: "components", picture: "too_few_slices"}
    for node, code in codes.items():
        for refused in (volume_of, lambda node: write_volume(node, tmp_path / "thick.nrrd")):
            with pytest.raises(UnusableInput) as caught:
                refused(node)
            assert caught.value.code == code


def test_a_plain_file_tells_nothing_of_its_acquisition(scene):
    acquisition = volume_of(volume_node()).acquisition
    assert acquisition == type(acquisition)()


def loaded(path):
    """The volume of an NRRD file as Slicer loads it, with its storage node."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Loaded")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLNRRDStorageNode")
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    node.SetAndObserveStorageNodeID(storage.GetID())
    return node


def test_the_file_that_a_volume_was_loaded_from_tells_its_slice_thickness(scene, tmp_path):
    hu = np.zeros((4, 5, 6), np.int16)
    thick = Volume(hu, (0.7, 0.7, 4.0), acquisition=Acquisition(slice_thickness_mm=5.0))
    for path, axes in ((tmp_path / "a.nrrd", (0, 1, 2)), (tmp_path / "b.nrrd", (2, 0, 1))):
        write_nrrd(thick.permuted(axes), path, {}, compressed=True)  # with the format's own field alone
        volume = volume_of(loaded(path))
        assert volume.acquisition.slice_thickness_mm == 5.0
        path.unlink()
        assert volume_of(slicer.mrmlScene.GetFirstNodeByName("Loaded")).acquisition.slice_thickness_mm is None
        scene.Clear(True)


def test_what_the_engine_wrote_tells_the_thickness_also_after_slicer_saved_it(scene, tmp_path):
    thick = Volume(np.zeros((4, 5, 6), np.int16), (0.7, 0.7, 4.0), acquisition=Acquisition(slice_thickness_mm=5.5))
    with PendingOutputs() as outputs:
        outputs.write(thick, tmp_path / "engine.nrrd")
    node = loaded(tmp_path / "engine.nrrd")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLNRRDStorageNode")
    storage.SetFileName(str(tmp_path / "slicer.nrrd"))
    assert storage.WriteData(node)
    assert "thicknesses" not in nrrd_header_of(tmp_path / "slicer.nrrd").fields
    assert read_volume(tmp_path / "slicer.nrrd").acquisition.slice_thickness_mm == 5.5
    (tmp_path / "engine.nrrd").unlink()
    assert volume_of(node).acquisition.slice_thickness_mm == 5.5


def test_a_sidecar_beside_the_file_tells_thickness_and_modality(scene, tmp_path):
    (tmp_path / "scan.nii.gz").touch()
    (tmp_path / "scan.json").write_text('{"SliceThickness": 3, "Modality": "CT"}')
    node = volume_node()
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(tmp_path / "scan.nii.gz"))
    node.SetAndObserveStorageNodeID(storage.GetID())
    acquisition = volume_of(node).acquisition
    assert (acquisition.slice_thickness_mm, acquisition.modality) == (3, "CT")


def test_the_engine_is_told_the_thickness_that_the_node_knows(loaded_series, tmp_path):
    node, _database = loaded_series
    write_volume(node, tmp_path / "thick.nrrd", thickness_entry(volume_of(node)))
    assert read_volume(tmp_path / "thick.nrrd").acquisition.slice_thickness_mm == 5.5
    assert thickness_entry(volume_of(volume_node())) == {}


@pytest.mark.parametrize("told", ["", "0", "-5", "five", "__TAG_NOT_IN_INSTANCE__"])
def test_a_thickness_in_the_database_that_is_none_is_not_known(told, loaded_series):
    node, database = loaded_series
    for values in database.files.values():
        values["0018,0050"] = told
    assert volume_of(node).acquisition.slice_thickness_mm is None


def test_the_dicom_database_tells_how_a_loaded_series_was_acquired(loaded_series):
    node, database = loaded_series
    acquisition = volume_of(node).acquisition
    assert acquisition.modality == "CT"
    assert acquisition.slice_thickness_mm == 5.5
    assert acquisition.series_uid == "1.2.3"
    assert acquisition.series_description == "Thorax 5.0"
    assert acquisition.slice_positions_mm == pytest.approx((-50, -45, -40, -30, -25, -20))
    assert len(database.files_read) <= 1


def test_slice_positions_that_would_need_every_file_are_left_unknown(loaded_series):
    node, database = loaded_series
    database.cached = ()
    assert volume_of(node).acquisition.slice_positions_mm is None
    assert len(database.files_read) <= 1


def test_slice_positions_of_a_volume_that_was_moved_or_cropped_since_are_left_unknown(loaded_series):
    node, _database = loaded_series
    node.SetOrigin(100.3, 80.2, -20.0 + 50.0)
    assert volume_of(node).acquisition.slice_positions_mm is None
    node.SetOrigin(100.3, 80.2, -50.0)
    slicer.util.updateVolumeFromArray(node, np.zeros((5, 16, 20), np.int16))
    assert volume_of(node).acquisition.slice_positions_mm is None


def test_slices_in_reverse_order_have_the_same_positions(loaded_series):
    node, _database = loaded_series
    forward = volume_of(node).acquisition.slice_positions_mm
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    slicer.vtkMRMLVolumeNode.ReverseSliceOrder(node.GetImageData(), matrix)
    node.SetIJKToRASMatrix(matrix)
    assert node.GetOrigin()[2] == pytest.approx(-20)
    assert volume_of(node).acquisition.slice_positions_mm == forward


def test_a_series_that_the_database_does_not_know_is_told_by_the_subject_hierarchy(scene, monkeypatch):
    monkeypatch.setattr(slicer, "dicomDatabase", Database({}), raising=False)
    node = volume_node()
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3.0 1.2.3.1")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    hierarchy.SetItemUID(item, "DICOM", "1.2.3")
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "CT")
    acquisition = volume_of(node).acquisition
    assert (acquisition.modality, acquisition.series_uid) == ("CT", "1.2.3")
    assert acquisition.slice_thickness_mm is None
    assert series_uid_of(node) == "1.2.3"
