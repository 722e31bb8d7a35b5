"""NRRD: what its header says of values and place is taken at its word, or refused."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from refusals import refusal
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.files.reading import read_volume

HU = np.random.default_rng(4).integers(-1000, 1500, (4, 64, 32)).astype("<i2")
TEXT = " ".join(map(str, HU.ravel()))
PLACE = "space directions: (0.8,0,0) (0,0.8,0) (0,0,5)\nspace origin: (-25,-25,-300)\n"


def written(folder: Path, values: bytes = b"", encoding: str = "raw", further: str = "", place: str = PLACE) -> Path:
    path = folder / ("v.nrrd" if values else "v.nhdr")
    header = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 32 64 4\n"
        f"{place}endian: little\nencoding: {encoding}\n{further}"
    )
    path.write_bytes(header.encode() + (b"\n" + values if values else b""))
    return path


@pytest.mark.parametrize("between", [" ", "\n", ",", ", "])
def test_values_as_text_are_read(between, tmp_path):
    path = written(tmp_path, TEXT.replace(" ", between).encode(), "ascii")
    np.testing.assert_array_equal(read_volume(path).hu, HU)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEXT.replace(" ", ";"), "not_readable"),
        ("1" * 5000 + " 2" * (HU.size - 1), "not_readable"),
        (TEXT.replace(" ", " 70000 ", 1), "not_readable"),
        (TEXT.replace(" ", " 7.5 ", 1), "not_readable"),
        (TEXT + " 4", "not_readable"),
        (TEXT[:-20], "truncated"),
    ],
)
def test_other_text_is_refused(text, code, tmp_path):
    assert refusal(written(tmp_path, text.encode(), "ascii")).code == code


@pytest.mark.parametrize("form", ["s%d.raw 0 3 1", "s%01d.raw 0 3 1 2", "LIST\ns0.raw\ns1.raw\ns2.raw\ns3.raw"])
def test_values_in_several_files_are_read(form, tmp_path):
    for k, values in enumerate(HU):
        (tmp_path / f"s{k}.raw").write_bytes(values.tobytes())
    path = written(tmp_path, further=f"data file: {form}\n")
    np.testing.assert_array_equal(read_volume(path).hu, HU)
    (tmp_path / "s2.raw").write_bytes(HU[2].tobytes()[:-2])
    assert refusal(path).code == "truncated"
    (tmp_path / "s2.raw").unlink()
    assert refusal(path).code == "truncated"


def test_numbers_in_names_that_would_end_the_process_are_refused(tmp_path):
    assert refusal(written(tmp_path, further="data file: s%9999999d.raw 0 3 1\n")).code == "not_readable"
    assert sources_at(tmp_path, tmp_path / "out", None)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize("further", ["data file: LIST\n" + "p\n" * 4, "byte skip: 1\ndata file: p\n"])
def test_a_pipe_is_not_waited_for(further, tmp_path):
    os.mkfifo(tmp_path / "p")
    assert refusal(written(tmp_path, further=further)).code == "truncated"
    os.mkfifo(tmp_path / "p.nii")
    assert refusal(tmp_path / "p.nii").code == "not_readable"


@pytest.mark.parametrize("encoding", ["raw", "ascii", "hex", "gzip"])
def test_sizes_that_the_file_cannot_hold_are_not_told_as_a_lack_of_memory(encoding, tmp_path):
    path = written(tmp_path, gzip.compress(b"12") if encoding == "gzip" else b"1 2", encoding, "byte skip: 1\n")
    path.write_bytes(path.read_bytes().replace(b"32 64 4", b"100000 100000 1000"))
    assert refusal(path).code == "truncated"


def test_bytes_behind_gzip_are_passed_over(tmp_path):
    packed = gzip.compress(HU.tobytes()[:1000]) + gzip.compress(HU.tobytes()[1000:])
    np.testing.assert_array_equal(read_volume(written(tmp_path, packed + b"more", "gzip")).hu, HU)


def test_a_line_may_be_as_long_as_what_is_read_at_once(tmp_path):
    path = written(tmp_path, gzip.compress(HU.tobytes()), "gzip", "k:=" + "x" * ((1 << 16) - 3) + "\n")
    np.testing.assert_array_equal(read_volume(path).hu, HU)


@pytest.mark.parametrize(("unit", "mm"), [("cm", 10), ("um", 0.001), ("", 1)])
def test_lengths_in_other_units_become_millimetres(unit, mm, tmp_path):
    place = f"space directions: ({0.8 / mm},0,0) (0,{0.8 / mm},0) (0,0,{5 / mm})\nspace origin: (0,0,{-300 / mm})\n"
    further = f'space units: "{unit}" "{unit}" "{unit}"\nthicknesses: nan nan {5 / mm}\n'
    path = written(tmp_path, HU.tobytes(), further=further, place=place)
    volume = read_volume(path)
    np.testing.assert_allclose((*volume.origin_mm, *volume.spacing_mm), (0, 0, -300, 0.8, 0.8, 5))
    assert volume.acquisition.slice_thickness_mm == pytest.approx(5)
    assert all(not source.left_out for source in sources_at(tmp_path, tmp_path / "out", None))


def test_the_thickness_is_that_of_an_axis_in_space(tmp_path):
    path = written(tmp_path, HU.tobytes(), further="kinds: vector domain domain domain\nthicknesses: nan nan nan 2.5\n")
    content = path.read_bytes().replace(b"dimension: 3", b"dimension: 4").replace(b"sizes: 32", b"sizes: 1 32")
    path.write_bytes(content.replace(b"directions: ", b"directions: none "))
    assert read_volume(path).acquisition.slice_thickness_mm == 2.5
