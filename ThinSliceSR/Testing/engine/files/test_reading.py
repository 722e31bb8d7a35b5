"""Reading NRRD, NIfTI and MetaImage: values, geometry, and every file that must be refused."""

from __future__ import annotations

import gzip
import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from refusals import refusal
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.volumes.volume import Volume

# Header file, file with the values, compressed.
LAYOUTS = {
    "raw nrrd": ("v.nrrd", "v.nrrd", False),
    "gzip nrrd": ("v.nrrd", "v.nrrd", True),
    "raw nhdr": ("v.nhdr", "v.raw", False),
    "gzip nhdr": ("v.nhdr", "v.raw.gz", True),
    "nii": ("v.nii", "v.nii", False),
    "nii.gz": ("v.nii.gz", "v.nii.gz", True),
    "raw mha": ("v.mha", "v.mha", False),
    "zlib mha": ("v.mha", "v.mha", True),
    "raw mhd": ("v.mhd", "v.raw", False),
    "zlib mhd": ("v.mhd", "v.zraw", True),
}
DETACHED = [name for name, (header, values, _) in LAYOUTS.items() if header != values]
COMPRESSED = [name for name, (_, _, compressed) in LAYOUTS.items() if compressed]


def saved(volume: Volume, folder: Path, layout: str) -> tuple[Path, Path]:
    """Writes `volume`; returns its header file and the file with its values."""
    header, values, compressed = LAYOUTS[layout]
    sitk.WriteImage(volume.to_image(), str(folder / header), compressed)
    return folder / header, folder / values


def header_bytes(values_file: Path) -> int:
    """Bytes before the values in an attached file written by `saved`, 0 in a detached one."""
    content = values_file.read_bytes()
    if values_file.suffix == ".nrrd":
        return content.index(b"\n\n") + 2
    if values_file.suffix == ".mha":
        return content.index(b"\n", content.index(b"ElementDataFile")) + 1
    return 352 if values_file.suffix == ".nii" else 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_and_geometry_come_from_the_file(layout, thick_volume, tmp_path):
    volume = replace(thick_volume, direction=np.array([[0.0, 0, -1], [1, 0, 0], [0, 1, 0]]))
    path, _ = saved(volume, tmp_path, layout)
    read = read_volume(path)
    assert read.hu.dtype == np.int16
    np.testing.assert_array_equal(read.hu, volume.hu)
    digits = 1e-6 if "nii" in layout else 1e-12
    np.testing.assert_allclose(read.spacing_mm, volume.spacing_mm, atol=digits)
    np.testing.assert_allclose(read.origin_mm, volume.origin_mm, atol=digits)
    np.testing.assert_allclose(read.direction, volume.direction, atol=digits)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kept", ["half", "all but 2 bytes", "all but 100 bytes", "one byte", "header only"])
def test_a_file_that_was_cut_short_is_refused_in_silence(layout, kept, thick_volume, tmp_path, capfd):
    path, values = saved(thick_volume, tmp_path, layout)
    content, header = values.read_bytes(), header_bytes(values)
    cut = {
        "half": header + (len(content) - header) // 2,
        "all but 2 bytes": len(content) - 2,
        "all but 100 bytes": len(content) - 100,
        "one byte": header + 1,
        "header only": header,
    }[kept]
    values.write_bytes(content[:cut])
    # What is left of a gzip stream may be too short to be known as one.
    barely = kept in ("one byte", "header only") and layout in COMPRESSED
    assert refusal(path).code in (("truncated", "not_readable") if barely else ("truncated",))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("layout", COMPRESSED)
def test_a_flipped_byte_in_compressed_values_is_refused(layout, thick_volume, tmp_path, capfd):
    path, values = saved(thick_volume, tmp_path, layout)
    content = bytearray(values.read_bytes())
    content[-20] ^= 0xFF
    values.write_bytes(content)
    assert refusal(path).code in ("not_readable", "truncated")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("layout", COMPRESSED)
def test_compressed_values_shorter_than_the_header_promises_are_refused(layout, thick_volume, tmp_path):
    path, values = saved(thick_volume, tmp_path, layout)
    if "nii" in layout:
        content = bytearray(gzip.decompress(values.read_bytes()))
        struct.pack_into("<h", content, 46, 13)
        path.write_bytes(gzip.compress(content))
    else:
        content = path.read_bytes()
        assert b"30 24 12" in content
        path.write_bytes(content.replace(b"30 24 12", b"30 24 13"))
    assert refusal(path).code == "truncated"


def test_well_compressible_values_are_read(tmp_path):
    volume = Volume(np.zeros((40, 512, 512), dtype=np.int16), (0.7, 0.7, 5.0))
    for layout in ("gzip nrrd", "zlib mha", "nii.gz"):
        path, _ = saved(volume, tmp_path, layout)
        assert not read_volume(path).hu.any()


@pytest.mark.parametrize("layout", DETACHED)
def test_a_header_without_its_file_of_values_is_refused(layout, thick_volume, tmp_path, capfd):
    path, values = saved(thick_volume, tmp_path, layout)
    values.unlink()
    assert refusal(path).code == "truncated"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd"])
@pytest.mark.parametrize("content", [b"", b"no volume at all\n\n" * 9, b"\x1f\x8b\x08", b"NRRD0004\ntype: short\n"])
def test_a_file_that_is_not_what_its_name_says_is_refused_in_silence(suffix, content, tmp_path, capfd):
    path = tmp_path / f"v{suffix}"
    path.write_bytes(content)
    assert refusal(path).code in ("not_readable", "truncated")
    assert capfd.readouterr() == ("", "")


def test_an_analyze_file_is_refused_because_it_has_no_place_in_the_patient(thick_volume, tmp_path):
    path, _ = saved(thick_volume, tmp_path, "nii")
    content = bytearray(path.read_bytes())
    content[344:348] = bytes(4)
    path.write_bytes(content)
    assert refusal(path).code == "not_readable"


def test_a_big_endian_nifti_file_is_checked_and_read(thick_volume, tmp_path):
    header = bytearray(352)
    struct.pack_into(">i", header, 0, 348)
    struct.pack_into(">8h", header, 40, 3, 30, 24, 12, 1, 1, 1, 1)
    struct.pack_into(">hhh8f", header, 70, 4, 16, 0, 1, 0.8, 0.7, 5, 1, 1, 1, 1)
    struct.pack_into(">3f", header, 108, 352, 1, 0)
    struct.pack_into(">B", header, 123, 2)
    struct.pack_into(">hh", header, 252, 0, 1)
    struct.pack_into(">12f", header, 280, -0.8, 0, 0, 110.5, 0, -0.7, 0, 95.25, 0, 0, 5, -300)
    header[344:348] = b"n+1\0"
    path = tmp_path / "v.nii"
    content = bytes(header) + thick_volume.hu.astype(">i2").tobytes()
    path.write_bytes(content)
    read = read_volume(path)
    np.testing.assert_array_equal(read.hu, thick_volume.hu)
    np.testing.assert_allclose(read.origin_mm, thick_volume.origin_mm)
    path.write_bytes(content[:-1])
    assert refusal(path).code == "truncated"


def test_nifti_2_is_refused_by_its_name(tmp_path):
    (tmp_path / "v.nii").write_bytes(struct.pack("<i8s", 540, b"n+2\0\r\n\x1a\n") + bytes(1000))
    error = refusal(tmp_path / "v.nii")
    assert error.code == "not_readable"
    assert "NIfTI-2" in str(error)


@pytest.mark.parametrize("qform_code", [0, 1])
@pytest.mark.parametrize("compressed", [False, True])
def test_the_shear_of_a_nifti_arrives_also_beside_an_upright_qform(qform_code, compressed, thick_volume, tmp_path):
    path, _ = saved(thick_volume, tmp_path, "nii")
    content = bytearray(path.read_bytes())
    struct.pack_into("<hh", content, 252, qform_code, 1)
    struct.pack_into("<f", content, 280 + 4 * 6, 0.5)
    path = tmp_path / ("sheared.nii.gz" if compressed else "sheared.nii")
    path.write_bytes(gzip.compress(content) if compressed else content)
    lean = np.array([0, -0.5, 5]) / np.hypot(0.5, 5)
    np.testing.assert_allclose(read_volume(path).direction[:, 2], lean, atol=1e-6)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_a_leaning_axis_arrives_as_it_is(suffix, thick_volume, tmp_path):
    direction = np.eye(3)
    direction[:, 2] = [0, np.sin(0.3), np.cos(0.3)]
    sitk.WriteImage(replace(thick_volume, direction=direction).to_image(), str(tmp_path / f"v{suffix}"))
    np.testing.assert_allclose(read_volume(tmp_path / f"v{suffix}").direction, direction, atol=1e-15)


@pytest.mark.parametrize(
    ("stored", "values", "kept"),
    [
        (np.uint8, [0, 255], np.int16),
        (np.int8, [-128, 127], np.int16),
        (np.int16, [-3024, 3071], np.int16),
        (np.uint16, [0, 4095], np.int16),
        (np.uint16, [0, 65535], np.float32),
        (np.int32, [-1024, 32767], np.int16),
        (np.int32, [-1024, 32768], np.float32),
        (np.int64, [-32768, 9], np.int16),
        (np.float32, [-0.5, np.nan], np.float32),
        (np.float64, [-0.5, 1e6], np.float32),
    ],
)
def test_hu_are_kept_as_int16_where_they_fit_and_else_as_float32(stored, values, kept, tmp_path):
    hu = np.resize(np.array(values, dtype=stored), (2, 3, 4))
    sitk.WriteImage(sitk.GetImageFromArray(hu), str(tmp_path / "v.nrrd"))
    read = read_volume(tmp_path / "v.nrrd").hu
    assert read.dtype == kept
    np.testing.assert_array_equal(read, hu)


def test_the_scale_of_a_nifti_is_applied(thick_volume, tmp_path):
    path, _ = saved(thick_volume, tmp_path, "nii")
    content = bytearray(path.read_bytes())
    struct.pack_into("<ff", content, 112, 2.0, -1024.0)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_volume(path).hu, thick_volume.hu * np.float32(2) - 1024)


@pytest.mark.parametrize(
    ("suffix", "image"),
    [
        (".nrrd", sitk.Image([5, 4, 3], sitk.sitkVectorInt16, 2)),
        (".nii", sitk.Image([5, 4, 3], sitk.sitkVectorInt16, 3)),
        (".mha", sitk.Image([5, 4, 3], sitk.sitkVectorUInt8, 3)),
        (".nii", sitk.Image([5, 4, 3], sitk.sitkComplexFloat32)),
    ],
)
def test_more_than_one_value_per_voxel_is_refused(suffix, image, tmp_path):
    sitk.WriteImage(image, str(tmp_path / f"v{suffix}"))
    assert refusal(tmp_path / f"v{suffix}").code == "components"


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".mha"])
def test_several_time_points_are_refused_and_a_single_one_is_read(suffix, thick_volume, tmp_path):
    path = tmp_path / f"v{suffix}"
    direction = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    image = replace(thick_volume, direction=direction).to_image()
    sitk.WriteImage(sitk.JoinSeries([image, image]), str(path))
    error = refusal(path)
    assert error.code == "time_points"
    assert "2 volumes" in str(error)
    sitk.WriteImage(sitk.JoinSeries([image]), str(path))
    read = read_volume(path)
    np.testing.assert_array_equal(read.hu, thick_volume.hu)
    np.testing.assert_allclose(read.direction, direction, atol=1e-7)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".mha"])
def test_a_single_picture_is_refused(suffix, tmp_path):
    sitk.WriteImage(sitk.Image([5, 4], sitk.sitkInt16), str(tmp_path / f"v{suffix}"))
    assert refusal(tmp_path / f"v{suffix}").code == "too_few_slices"


@pytest.mark.parametrize("layout", ["raw nrrd", "nii", "nii.gz", "zlib mha"])
def test_the_ending_may_be_in_capitals(layout, thick_volume, tmp_path):
    path, _ = saved(thick_volume, tmp_path, layout)
    os.rename(path, tmp_path / path.name.upper())
    np.testing.assert_array_equal(read_volume(tmp_path / path.name.upper()).hu, thick_volume.hu)


def test_a_missing_file_is_named(tmp_path):
    error = refusal(tmp_path / "nowhere.nrrd")
    assert error.code == "not_found"
    assert "nowhere.nrrd" in str(error)


def test_a_name_that_the_system_does_not_take_is_refused(tmp_path):
    assert refusal(tmp_path / ("n" * 300 + ".nrrd")).code == "not_readable"


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "scan.jpg").write_bytes(b"\xff\xd8\xff")
    assert refusal(tmp_path / "scan.jpg").code == "not_readable"
    (tmp_path / "scan.hdr").write_bytes(bytes(348))
    assert "pair (.hdr, .img)" in str(refusal(tmp_path / "scan.hdr"))


def test_a_series_cannot_be_named_for_a_file(thick_volume, tmp_path):
    path, _ = saved(thick_volume, tmp_path, "raw nrrd")
    assert refusal(path, series="2").code == "no_series"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open every file")
def test_a_file_that_may_not_be_opened_is_refused(thick_volume, tmp_path):
    path, _ = saved(thick_volume, tmp_path, "nii")
    path.chmod(0)
    assert refusal(path).code == "not_readable"
