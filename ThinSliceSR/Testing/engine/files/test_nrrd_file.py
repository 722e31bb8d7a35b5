"""NRRD files are written slice by slice, and other readers find in them what was to be written."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from ThinSliceSRLib.engine.files.gzip_stream import write_gzip
from ThinSliceSRLib.engine.files.nrrd_file import nrrd_holds, write_nrrd
from ThinSliceSRLib.engine.volumes.volume import Volume


def random_volume(dtype: str, shape: tuple[int, int, int] = (7, 6, 5)) -> Volume:
    hu = np.random.default_rng(0).integers(-2000, 2000, shape).astype(dtype)
    return Volume(hu, (0.7, 0.8, 5.0), (-10.0, 20.5, 1 / 3), np.eye(3)[:, [1, 2, 0]])


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_itk_reads_values_geometry_and_entries(dtype: str, compressed: bool, tmp_path: Path):
    volume, path = random_volume(dtype), tmp_path / "v.nrrd"
    write_nrrd(volume, path, {"ThinSliceSR_content": "DLS: synthetic", "ThinSliceSR_device": "gpu: a:=b"}, compressed)
    image = sitk.ReadImage(str(path))
    read = Volume.from_image(image)
    assert read.hu.dtype == volume.hu.dtype
    np.testing.assert_array_equal(read.hu, volume.hu)
    np.testing.assert_allclose(read.spacing_mm, volume.spacing_mm, rtol=1e-15)
    assert read.origin_mm == volume.origin_mm
    np.testing.assert_array_equal(read.direction, volume.direction)
    assert image.GetMetaData("ThinSliceSR_content") == "DLS: synthetic"
    assert image.GetMetaData("ThinSliceSR_device") == "gpu: a:=b"


@pytest.mark.parametrize("compressed", [True, False])
def test_axes_in_another_order_are_written_as_they_are_stored(compressed: bool, tmp_path: Path):
    volume, path = random_volume("int16").permuted((2, 0, 1)), tmp_path / "v.nrrd"
    write_nrrd(volume, path, {}, compressed)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), volume.hu)
    assert nrrd_holds(path, volume)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_with_more_less_or_other_values_does_not_hold_the_volume(compressed: bool, tmp_path: Path):
    volume, path = random_volume("int16"), tmp_path / "v.nrrd"
    write_nrrd(volume, path, {}, compressed)
    assert nrrd_holds(path, volume)
    for other in (volume.hu[:-1], np.concatenate((volume.hu, volume.hu[:1])), volume.hu + np.int16(1)):
        assert not nrrd_holds(path, Volume(other))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("parts", [0, 1, 30])
def test_a_stream_of_parts_side_by_side_is_one_that_gzip_reads(threads: int, parts: int):
    values = np.random.default_rng(0).integers(0, 50, (parts, 70, 90)).astype("<i2")
    file = io.BytesIO()
    write_gzip(file, iter(values), threads)
    assert gzip.decompress(file.getvalue()) == values.tobytes()
    with pytest.raises(OSError, match="CRC"):  # it knows its values
        gzip.decompress(file.getvalue()[:-8] + b"\0\1\2\3" + file.getvalue()[-4:])


def test_no_copy_of_the_volume_is_made(tmp_path: Path):
    volume, path = Volume(np.zeros((200, 64, 64), np.int16)), tmp_path / "v.nrrd"
    tracemalloc.start()
    try:
        write_nrrd(volume, path, {}, compressed=True)
        assert nrrd_holds(path, volume)
        assert tracemalloc.get_traced_memory()[1] < volume.hu.nbytes / 2
    finally:
        tracemalloc.stop()
