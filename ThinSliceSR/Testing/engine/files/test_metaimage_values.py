"""MetaImage: what holds fewer values than its header says is refused, however these are stored."""

from __future__ import annotations

import bz2
import zlib
from pathlib import Path

import numpy as np
import pytest
from refusals import refusal
from ThinSliceSRLib.engine.files.reading import read_volume

HU = np.random.default_rng(3).integers(-1000, 1500, (10, 64, 64)).astype("<i2")
PACKED = zlib.compress(HU.tobytes())
HEADER = (
    "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
    "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = -25 -25 -300\nElementSpacing = 0.8 0.8 5\nDimSize = 64 64 10\n"
    "ElementType = MET_SHORT\n"
)


def written(folder: Path, fields: str, values: bytes = b"") -> Path:
    path = folder / ("v.mha" if values else "v.mhd")
    path.write_bytes((HEADER + fields).encode() + values)
    return path


def compressed(size: int | None) -> str:
    told = "" if size is None else f"CompressedDataSize = {size}\n"
    return f"CompressedData = True\n{told}ElementDataFile = LOCAL\n"


@pytest.mark.parametrize("size", [len(PACKED), len(PACKED) + 1])
def test_compressed_values_of_a_size_that_is_told_are_read(size, tmp_path):
    path = written(tmp_path, compressed(size), PACKED + b"\0")
    np.testing.assert_array_equal(read_volume(path).hu, HU)


def test_a_volume_without_voxels_is_refused(tmp_path):
    path = written(tmp_path, "ElementDataFile = LOCAL\n", HU.tobytes())
    path.write_bytes(path.read_bytes().replace(b"DimSize = 64 64 10", b"DimSize = 64 0 10"))
    assert "holds no voxels" in str(refusal(path))


def test_compressed_values_in_a_file_of_their_own_need_no_size(tmp_path):
    (tmp_path / "v.zraw").write_bytes(PACKED)
    path = written(tmp_path, "CompressedData = True\nElementDataFile = v.zraw\n")
    np.testing.assert_array_equal(read_volume(path).hu, HU)


@pytest.mark.parametrize("size", [None, 0, -1, 1, len(PACKED) - 200, len(PACKED) - 1, 10**12])
def test_compressed_values_of_a_wrong_size_are_refused(size, tmp_path):
    for _ in range(3):  # what ITK finds in the memory is not always the same
        assert refusal(written(tmp_path, compressed(size), PACKED)).code == "not_readable"


def test_compressed_values_of_a_wrong_size_in_a_file_of_their_own_are_refused(tmp_path):
    (tmp_path / "v.zraw").write_bytes(PACKED)
    fields = f"CompressedData = True\nCompressedDataSize = {len(PACKED) - 9}\nElementDataFile = v.zraw\n"
    assert refusal(written(tmp_path, fields)).code == "not_readable"


@pytest.fixture
def slices(tmp_path: Path) -> list[str]:
    """The names of the files of the slices."""
    for k, values in enumerate(HU):
        (tmp_path / f"s{k}.raw").write_bytes(values.tobytes())
    return [f"s{k}.raw\n" for k in range(len(HU))]


@pytest.mark.parametrize("form", ["LIST", "LIST 2"])
def test_listed_files_are_read(form, slices, tmp_path):
    path = written(tmp_path, f"ElementDataFile = {form}\n" + "".join(slices))
    np.testing.assert_array_equal(read_volume(path).hu, HU)


@pytest.mark.parametrize("form", ["LIST", "LIST 2"])
@pytest.mark.parametrize("left_out", [0, 4, 9])
def test_a_list_without_one_of_the_files_is_refused(left_out, form, slices, tmp_path):
    del slices[left_out]
    assert refusal(written(tmp_path, f"ElementDataFile = {form}\n" + "".join(slices))).code == "truncated"


def test_a_list_of_a_file_that_is_cut_short_or_gone_is_refused(slices, tmp_path):
    path = written(tmp_path, "ElementDataFile = LIST 2\n" + "".join(slices))
    (tmp_path / "s4.raw").write_bytes(HU[4].tobytes()[:4000])
    assert refusal(path).code in ("truncated", "not_readable")
    (tmp_path / "s4.raw").unlink()
    assert refusal(path).code in ("truncated", "not_readable")


def test_numbered_files_are_read(slices, tmp_path):
    np.testing.assert_array_equal(read_volume(written(tmp_path, "ElementDataFile = s%d.raw 0 9 1\n")).hu, HU)


@pytest.mark.parametrize("numbers", ["0 8 1", "0 9 2", "9 0 1", "a b c"])
def test_too_few_numbered_files_are_refused(numbers, slices, tmp_path):
    path = written(tmp_path, f"ElementDataFile = s%d.raw {numbers}\n")
    assert refusal(path).code in ("truncated", "not_readable")


def test_several_compressed_files_are_refused(slices, tmp_path):
    for k, values in enumerate(HU):
        (tmp_path / f"s{k}.raw").write_bytes(zlib.compress(values.tobytes()))
    fields = "CompressedData = True\nElementDataFile = LIST 2\n" + "".join(slices)
    assert refusal(written(tmp_path, fields)).code == "not_readable"


def test_an_nrrd_compressed_by_bzip2_is_told_as_such(tmp_path):
    header = "NRRD0004\ntype: short\ndimension: 3\nsizes: 64 64 10\nspacings: 0.8 0.8 5\nendian: little\n"
    path = tmp_path / "v.nrrd"
    path.write_bytes(f"{header}encoding: bzip2\n\n".encode() + bz2.compress(HU.tobytes()))
    error = refusal(path)
    assert error.code == "unknown_compression"
    assert "bzip2" in str(error)
