"""MetaImage: what its header says of values and place is taken at its word, or refused."""

from __future__ import annotations

import bz2
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from refusals import refusal
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
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


@pytest.mark.parametrize("form", ["LIST 3", "LIST 4", "LIST 9", "LIST 0", "LIST -3"])
def test_a_list_of_files_of_impossible_dimensions_is_refused(form, tmp_path):
    (tmp_path / "air.raw").write_bytes(np.full_like(HU, -1000).tobytes())
    assert refusal(written(tmp_path, f"ElementDataFile = {form}\nair.raw\n")).code == "not_readable"


@pytest.mark.parametrize("fields", ["NDims = 99", "ElementDataFile = s%n%n.raw 0 9 1"])
def test_a_header_that_would_end_the_process_is_refused_before(fields, slices, tmp_path):
    path = written(tmp_path, "ElementDataFile = s%d.raw 0 9 1\n")
    name = fields.partition(" ")[0]
    path.write_text(re.sub(f"{name} = .*", fields, path.read_text()))
    assert refusal(path).code == "not_readable"
    assert sources_at(tmp_path, tmp_path / "out", None)


def test_values_as_text_are_read(tmp_path):
    path = written(tmp_path, "ElementDataFile = LOCAL\n", " ".join(map(str, HU.ravel())).encode())
    path.write_bytes(path.read_bytes().replace(b"BinaryData = True", b"BinaryData = False"))
    np.testing.assert_array_equal(read_volume(path).hu, HU)


def test_compressed_may_be_said_by_one_letter(tmp_path):
    path = written(tmp_path, compressed(len(PACKED)).replace("True", "T"), PACKED)
    np.testing.assert_array_equal(read_volume(path).hu, HU)


def test_slope_and_offset_are_applied(tmp_path):
    fields = "ElementToIntensityFunctionSlope = 2\nElementToIntensityFunctionOffset = -1024\nElementDataFile = LOCAL\n"
    read = read_volume(written(tmp_path, fields, HU.tobytes()))
    np.testing.assert_array_equal(read.hu, HU * 2 - 1024)


def test_more_values_than_the_header_tells_are_told(tmp_path):
    path = written(tmp_path, "ElementDataFile = LOCAL\n", HU.tobytes() * 2)
    assert [finding.code for finding in read_volume(path).acquisition.warnings] == ["more_values"]
    path.write_bytes(path.read_bytes().replace(b"MET_SHORT", b"MET_LONG"))
    read_volume(path)  # 4 bytes each
    eight = HEADER.replace("MET_SHORT", "MET_LONG") + "ElementDataFile = LOCAL\n"
    path.write_bytes(eight.encode() + HU.astype("<i8").tobytes())
    assert "MET_LONG" in str(refusal(path))


@pytest.mark.parametrize("place", ["Offset = -25 -25", "ElementSpacing = 0.8 0.8", "TransformMatrix = 1 0 0 1"])
def test_a_place_with_too_few_numbers_is_refused(place, tmp_path):
    path = written(tmp_path, "ElementDataFile = LOCAL\n", HU.tobytes())
    name = place.partition(" ")[0].encode()
    path.write_bytes(re.sub(name + b" = .*", place.encode(), path.read_bytes()))
    assert refusal(path).code == "no_place"


@pytest.mark.parametrize(("unit", "mm"), [("cm", 10), ("um", 0.001), ("mm", 1), ("?", 1)])
def test_lengths_in_other_units_become_millimetres(unit, mm, tmp_path):
    path = written(tmp_path, f"DistanceUnits = {unit}\nElementDataFile = LOCAL\n", HU.tobytes())
    numbers = (" ".join(str(length / mm) for length in place) for place in ((-25, -25, -300), (0.8, 0.8, 5)))
    offset, spacing = (text.encode() for text in numbers)
    path.write_bytes(path.read_bytes().replace(b"-25 -25 -300", offset).replace(b"0.8 0.8 5", spacing))
    volume = read_volume(path)
    np.testing.assert_allclose((*volume.origin_mm, *volume.spacing_mm), (-25, -25, -300, 0.8, 0.8, 5))
    assert all(not source.left_out for source in sources_at(tmp_path, tmp_path / "out", None))


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
