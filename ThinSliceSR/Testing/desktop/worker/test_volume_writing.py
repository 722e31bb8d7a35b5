"""What the worker is given to read is what the volume holds, whatever the type of its values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qt
import slicer
from driving import wait_for
from ThinSliceSRLib.desktop.scene.volume_nodes import volume_of
from ThinSliceSRLib.desktop.worker import volume_writing
from ThinSliceSRLib.desktop.worker.volume_writing import VolumeWriting
from ThinSliceSRLib.engine.errors import CannotWrite
from ThinSliceSRLib.engine.files.reading import read_volume
from volume_making import LEFT_HANDED, oblique, volume_node, write_volume

pytestmark = pytest.mark.usefixtures("application", "scene")


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
@pytest.mark.parametrize("directions", [LEFT_HANDED, oblique(20)])
def test_the_engine_reads_what_the_volume_holds(kind: str, directions: Any, tmp_path: Path, monkeypatch: Any):
    monkeypatch.setattr(volume_writing, "PIECE_BYTES", 1000)
    hu = np.random.default_rng(1).integers(0, 100, (6, 16, 20)).astype(kind)
    node = volume_node(hu=hu, directions=directions)
    node.SetAttribute("Patient", "Doe^Jane")
    write_volume(node, tmp_path / "thick.nrrd")
    read, held = read_volume(tmp_path / "thick.nrrd"), volume_of(node)
    np.testing.assert_array_equal(read.hu, hu)
    np.testing.assert_allclose(read.spacing_mm, held.spacing_mm)
    np.testing.assert_allclose(read.origin_mm, held.origin_mm)
    np.testing.assert_allclose(read.direction, held.direction, atol=1e-9)
    assert b"Doe" not in (tmp_path / "thick.nrrd").read_bytes()


def test_the_gui_goes_on_between_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(volume_writing, "PIECE_BYTES", 1)
    sizes: list[int] = []
    ended: list[object] = []
    file = tmp_path / "thick.nrrd"
    writing = VolumeWriting(volume_node(size=(20, 16, 30)), file, lambda: ended.append(1), ended.append)
    other = qt.QTimer()
    other.timeout.connect(lambda: sizes.append(file.stat().st_size if file.exists() else 0))
    other.start(0)
    wait_for(lambda: ended)
    other.stop()
    writing.stop()
    assert len(set(sizes)) > 2


def test_a_disk_that_becomes_full_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(writing: VolumeWriting) -> bool:
        writing._path.write_bytes(b"NRRD")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(VolumeWriting, "_write_piece", fail)
    with pytest.raises(CannotWrite, match="could not be written"):
        write_volume(volume_node(), tmp_path / "thick.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_after_a_stop_nothing_is_told(tmp_path: Path):
    ended: list[object] = []
    writing = VolumeWriting(volume_node(), tmp_path / "thick.nrrd", lambda: ended.append(1), ended.append)
    writing.stop()
    for _ in range(5):
        slicer.app.processEvents()
    assert ended == []
