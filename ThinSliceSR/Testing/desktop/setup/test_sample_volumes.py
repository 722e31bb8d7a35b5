"""The samples: registered once, made and averaged where they belong, and told in one sentence where they cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import qt
import SampleData
import SimpleITK as sitk
import slicer
import slicer.util
import vtk
from ThinSliceSRLib.desktop.scene.volume_nodes import volume_of
from ThinSliceSRLib.desktop.setup import sample_volumes
from ThinSliceSRLib.desktop.setup.sample_data import CATEGORY, CT_CHEST, PHANTOM, register_sample_volumes
from ThinSliceSRLib.desktop.setup.sample_volumes import ct_chest_volume, load_chosen_sample, phantom_volume
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.findings.checked_volume import check_volume
from ThinSliceSRLib.engine.phantom import chest
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile

ICONS = Path(__file__).parents[3] / "Resources" / "Icons"

pytestmark = pytest.mark.usefixtures("application", "scene")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The module's samples by their names, as Sample Data keeps them after they were registered twice."""
    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
    register_sample_volumes(ICONS)
    register_sample_volumes(ICONS)
    sources = slicer.modules.sampleDataSources[CATEGORY]
    assert len(sources) == 2
    return {source.sampleName: source for source in sources}


@pytest.fixture
def small_phantom(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phantom of fewer slices."""
    monkeypatch.setattr(sample_volumes, "PHANTOM_THIN_SLICES", 11)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """Sample Data's cache, empty."""
    manager = slicer.vtkCacheManager()
    manager.SetRemoteCacheDirectory(str(tmp_path))
    slicer.mrmlScene.SetCacheManager(manager)
    yield tmp_path
    slicer.mrmlScene.SetCacheManager(None)


@pytest.fixture
def ct_chest(cache: Path) -> sitk.Image:
    """A file as CTChest is, in the cache: 2.5 mm slices, turned about two axes, with a ramp from slice to slice."""
    slices = np.arange(0, 900, 100, dtype=np.int16)[:, None, None]
    image = sitk.GetImageFromArray(np.broadcast_to(slices, (9, 12, 10)) + np.arange(10, dtype=np.int16))
    image.SetSpacing((0.75, 0.75, 2.5))
    image.SetOrigin((11.0, -22.0, 33.0))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.1, -0.2, 0.0)
    image.SetDirection(turn.GetMatrix())
    sitk.WriteImage(image, str(cache / "CT-chest.nrrd"))
    return image


def ras(node: slicer.vtkMRMLScalarVolumeNode, i: int, j: int, k: int) -> np.ndarray:
    """Where a voxel's centre lies."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return np.array(matrix.MultiplyPoint((i, j, k, 1)))[:3]


def test_samples_are_offered_once_with_their_pictures(registered: dict[str, object]) -> None:
    assert set(registered) == {PHANTOM, CT_CHEST}
    assert Path(registered[PHANTOM].thumbnailFileName).is_file()
    # The picture of CTChest is Slicer's own, which lies beside its module.
    assert Path(registered[CT_CHEST].thumbnailFileName).is_relative_to(Path(SampleData.__file__).parent)


def test_the_phantom_is_a_chest_in_5_mm_slices_that_suits_the_module() -> None:
    node = phantom_volume()
    assert node.GetImageData().GetDimensions() == (256, 256, 16)
    assert node.GetSpacing() == (1.25, 1.25, 5.0)
    assert node.GetName() == "Chest phantom 5 mm"
    assert check_volume(volume_of(node)) == []


@pytest.mark.usefixtures("small_phantom")
def test_the_phantom_lies_as_a_patient_does() -> None:
    node = phantom_volume()
    first, last = ras(node, 0, 0, 0), ras(node, 255, 255, 2)
    # RAS: columns run to the patient's left, rows to the back, slices to the head.
    np.testing.assert_array_equal(np.sign(last - first), (-1, -1, 1))
    # The spine makes the bones heavier behind.
    _slices, rows, _columns = np.nonzero(slicer.util.arrayFromVolume(node) > 300)
    assert ras(node, 0, round(rows.mean()), 0)[1] < (first[1] + last[1]) / 2


@pytest.mark.usefixtures("small_phantom")
def test_a_sample_is_shown_in_the_lung_window(registered: dict[str, object]) -> None:
    composite = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    [node] = registered[PHANTOM].customDownloader(registered[PHANTOM])
    display = node.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == (1500, -600)
    assert composite.GetBackgroundVolumeID() == node.GetID()


@pytest.mark.usefixtures("small_phantom")
def test_a_second_phantom_gets_a_name_of_its_own() -> None:
    assert phantom_volume().GetName() != phantom_volume().GetName()


def test_ct_chest_is_averaged_in_its_place(ct_chest: sitk.Image) -> None:
    node = ct_chest_volume()
    assert node.GetName() == "CTChest averaged to 5 mm"
    assert node.GetImageData().GetDimensions() == (10, 12, 5)
    np.testing.assert_allclose(node.GetSpacing(), (0.75, 0.75, 5.0))
    for i, j, k in ((0, 0, 0), (9, 4, 1), (3, 11, 4)):
        lps = np.array(ct_chest.TransformIndexToPhysicalPoint((i, j, 2 * k)))
        np.testing.assert_allclose(ras(node, i, j, k), lps * (-1, -1, 1), atol=1e-4)
    hu = slicer.util.arrayFromVolume(node)
    assert hu.dtype == np.int16
    # Inside, a slab holds a whole slice and half of each neighbour: on a ramp their mean is the slice's own value.
    np.testing.assert_array_equal(hu[1:-1], sitk.GetArrayFromImage(ct_chest)[2:-1:2])


@pytest.mark.usefixtures("ct_chest")
def test_of_ct_chest_nothing_stays_but_the_averaged_volume(registered: dict[str, object]) -> None:
    nodes = load_chosen_sample(registered[CT_CHEST])
    scalar_volumes = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    displays = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeDisplayNode")
    assert (len(nodes), scalar_volumes, displays) == (1, 1, 1)


@pytest.mark.usefixtures("cache")
def test_a_failed_download_raises_one_sentence() -> None:
    with pytest.raises(ThinSliceError, match=r"^CTChest could not be downloaded; [^.]*\.$"):
        ct_chest_volume()


@pytest.mark.usefixtures("cache")
def test_a_failed_download_is_told_to_who_pressed_the_button(
    registered: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", told.append)
    assert load_chosen_sample(registered[CT_CHEST]) == []
    assert [sentence.count(".") for sentence in told] == [1]
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


@pytest.mark.usefixtures("small_phantom")
def test_messages_go_to_the_panel_of_sample_data(
    registered: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    panel = type("Panel", (), {"logic": SampleData.SampleDataLogic(messages.append)})
    monkeypatch.setattr(slicer.modules, "SampleDataWidget", panel, raising=False)
    load_chosen_sample(registered[PHANTOM])
    assert messages == [f"Preparing {PHANTOM}…", "Drawing the phantom: 0 %", "Drawing the phantom: 100 %"]


@pytest.mark.usefixtures("small_phantom")
def test_the_phantom_is_drawn_in_another_process_while_timers_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_choices: object) -> None:
        raise AssertionError("Slicer's own process draws")

    monkeypatch.setattr(chest, "chest_phantom", fail)
    ticks: list[None] = []
    timer = qt.QTimer()
    timer.timeout.connect(lambda: ticks.append(None))
    timer.start(1)
    phantom_volume()
    timer.stop()
    assert len(ticks) > 1


@pytest.mark.usefixtures("small_phantom")
def test_the_phantom_is_that_of_the_engine_and_leaves_no_file(temporary_folder: Path) -> None:
    drawn = volume_of(phantom_volume())
    made = simulate_thick(chest.chest_phantom(size=(256, 256, 11)), SlabProfile(5.0, 5.0))
    np.testing.assert_array_equal(drawn.hu, made.hu)
    np.testing.assert_allclose(drawn.origin_mm, made.origin_mm)
    assert drawn.acquisition.slice_thickness_mm == 5
    assert list(temporary_folder.iterdir()) == []


def test_a_phantom_that_cannot_be_drawn_is_told_in_one_sentence(
    registered: dict[str, object], temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(temporary_folder / "no-python"))
    told: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", told.append)
    assert load_chosen_sample(registered[PHANTOM]) == []
    assert len(told) == 1
    assert "could not be started" in told[0]
    assert list(temporary_folder.iterdir()) == []


def test_the_samples_need_no_torch() -> None:
    samples = "ThinSliceSRLib.desktop.setup.sample_volumes"
    code = f"import sys, {samples}; sys.exit(bool({{'torch', 'einops'}} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
