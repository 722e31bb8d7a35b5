"""Where the voxels of NIfTI files lie, by any header: as nibabel reads it, or a sentence on what contradicts itself."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import refusal
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.volumes.volume import Volume

HU = np.random.default_rng(1).integers(-1000, 100, (4, 6, 5)).astype(np.int16)


def affine(x: float = -0.8, y: float = -0.8, z: float = 5.0, origin=(25.0, 25, -300)) -> np.ndarray:
    form = np.diag([x, y, z, 1.0])
    form[:3, 3] = origin
    return form


def written(path: Path, *, sform=None, codes=(1, 1), pixdim=None, qfac=None, hu=HU) -> Path:
    """A NIfTI of `hu` with a qform of 0.8 × 0.8 × 5 mm and the sform; codes: of qform and sform."""
    image = nibabel.Nifti1Image(hu.transpose(2, 1, 0), affine())
    image.set_qform(affine(), 1)
    nibabel.save(image, path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<12f", content, 280, *(affine() if sform is None else sform)[:3].ravel())
    struct.pack_into("<hh", content, 252, *codes)
    if pixdim is not None:
        struct.pack_into("<3f", content, 80, *pixdim)
    if qfac is not None:
        struct.pack_into("<f", content, 76, qfac)
    path.write_bytes(content)
    return path


def require_same_place(volume: Volume, reference: np.ndarray) -> None:
    """Each voxel lies where the 4×4 matrix of nibabel (RAS) says."""
    lps = np.diag([-1, -1, 1, 1]) @ reference
    for index in ((0, 0, 0), (4, 0, 0), (0, 5, 0), (0, 0, 3), (4, 5, 3)):
        place = np.asarray(volume.origin_mm) + volume.direction @ (np.array(index) * volume.spacing_mm)
        np.testing.assert_allclose(place, (lps @ [*index, 1])[:3], atol=1e-3)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"codes": (1, 0)},
        {"codes": (0, 1)},
        {"codes": (0, 4)},
        {"pixdim": (0.8, -0.8, 5)},
        {"pixdim": (0.8, 0.8, -5)},
        {"pixdim": (0.8, 0.8, -5), "codes": (0, 1)},
        {"pixdim": (0.8, 0.8, -5), "codes": (1, 0)},
        {"qfac": 0.0, "codes": (1, 0)},
        {"pixdim": (1, 1, 1), "codes": (0, 1)},
        {"pixdim": (0, 0, 0), "codes": (0, 1)},
    ],
    ids=str,
)
def test_a_header_that_has_one_meaning_is_read_as_by_nibabel_without_a_word(header, tmp_path):
    path = written(tmp_path / "v.nii", **header)
    volume = read_volume(path)
    require_same_place(volume, nibabel.load(path).affine)
    np.testing.assert_array_equal(volume.hu, HU)
    assert volume.acquisition.warnings == ()


@pytest.mark.parametrize(
    ("header", "spacings"),
    [
        ({"sform": affine(z=6.6)}, ("0.8 × 0.8 × 6.6", "0.8 × 0.8 × 5")),
        ({"sform": affine(z=-5)}, ("0.8 × 0.8 × 5", "0.8 × 0.8 × 5")),
        ({"sform": affine(-1, -1, 1)}, ("1 × 1 × 1", "0.8 × 0.8 × 5")),
        ({"sform": affine(-1, -1, 1), "codes": (0, 1)}, ("1 × 1 × 1", "0.8 × 0.8 × 5")),
        ({"sform": affine(1, 1, 1), "codes": (0, 1)}, ("1 × 1 × 1", "0.8 × 0.8 × 5")),
        ({"sform": affine(0.8)}, ("0.8 × 0.8 × 5", "0.8 × 0.8 × 5")),
        ({"sform": affine(0.8), "codes": (1, 2)}, ("0.8 × 0.8 × 5", "0.8 × 0.8 × 5")),
        ({"sform": affine(0.8), "codes": (2, 1)}, ("0.8 × 0.8 × 5", "0.8 × 0.8 × 5")),
        ({"pixdim": (0.8, 0.8, 1)}, ("0.8 × 0.8 × 5", "0.8 × 0.8 × 1")),
        ({"pixdim": (0.8, 0.8, 1), "codes": (0, 1)}, ("0.8 × 0.8 × 5", "0.8 × 0.8 × 1")),
    ],
    ids=str,
)
def test_parts_that_place_the_voxels_differently_are_refused_with_both_spacings(header, spacings, tmp_path):
    error = refusal(written(tmp_path / "v.nii", **header))
    assert error.code == "contradiction"
    for spacing in spacings:
        assert f"of {spacing} mm)" in str(error)


def test_a_difference_of_the_origins_alone_is_a_warning(tmp_path):
    path = written(tmp_path / "v.nii", sform=affine(origin=(25, 25, 0)))
    volume = read_volume(path)
    require_same_place(volume, nibabel.load(path).affine)
    assert [finding.code for finding in volume.acquisition.warnings] == ["origins_differ"]
    assert "300.0 mm apart" in volume.acquisition.warnings[0].message
    assert "origins_differ" in [finding.code for finding in check_input(path).findings]


@pytest.mark.parametrize("sform", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.ones((4, 4))], ids=str)
def test_an_sform_that_is_no_transform_gives_way_to_the_qform_and_is_refused_alone(sform, tmp_path, recwarn):
    volume = read_volume(written(tmp_path / "v.nii", sform=sform))
    require_same_place(volume, affine())
    assert [finding.code for finding in volume.acquisition.warnings] == ["form_unusable"]
    assert refusal(written(tmp_path / "w.nii", sform=sform, codes=(0, 1))).code == "no_place"
    assert not recwarn.list


def test_without_a_form_it_lies_as_nibabel_has_it_and_a_warning_says_so(tmp_path):
    path = written(tmp_path / "v.nii", codes=(0, 0))
    volume = read_volume(path)
    require_same_place(volume, nibabel.load(path).affine)
    assert [finding.code for finding in volume.acquisition.warnings] == ["no_orientation"]


def test_lengths_in_metres_and_micrometres_are_known(tmp_path):
    for unit, factor in (("meter", 1e-3), ("micron", 1e3)):
        form = affine()
        form[:3] *= factor
        image = nibabel.Nifti1Image(HU.transpose(2, 1, 0), form)
        image.header.set_xyzt_units(unit)
        nibabel.save(image, tmp_path / "v.nii")
        require_same_place(read_volume(tmp_path / "v.nii"), affine())


@given(
    seed=st.integers(0, 10**6),
    spacing=st.tuples(*[st.floats(0.3, 10)] * 3),
    mirrored=st.booleans(),
    codes=st.sampled_from([(0, 1), (1, 0), (1, 1), (2, 1), (1, 4)]),
    stored=st.sampled_from([np.int16, np.uint8, np.int32, np.uint16, np.float32, np.float64]),
    scale=st.sampled_from([(None, None), (1, -1024), (0.5, 3), (2, 0)]),
    suffix=st.sampled_from([".nii", ".nii.gz"]),
    big_endian=st.booleans(),
)
def test_place_and_values_are_those_of_nibabel(
    tmp_path_factory, seed, spacing, mirrored, codes, stored, scale, suffix, big_endian
):
    path = tmp_path_factory.mktemp("nifti") / f"v{suffix}"
    random = np.random.default_rng(seed)
    axes = np.linalg.qr(random.normal(size=(3, 3)))[0]
    axes[:, 2] *= np.sign(np.linalg.det(axes)) * (-1 if mirrored else 1)
    form = np.eye(4)
    form[:3, :3] = axes * spacing
    form[:3, 3] = random.uniform(-500, 500, 3)
    hu = random.integers(0, 200, (5, 6, 4)).astype(stored)
    image = nibabel.Nifti1Image(hu, form, nibabel.Nifti1Header(endianness=">" if big_endian else "<"))
    image.set_data_dtype(stored)
    image.set_sform(form, codes[1])
    image.set_qform(form, codes[0])
    image.header.set_slope_inter(*scale)
    nibabel.save(image, path)
    volume, reference = read_volume(path), nibabel.load(path)
    require_same_place(volume, reference.affine)
    np.testing.assert_allclose(volume.hu.transpose(2, 1, 0), reference.get_fdata(), rtol=1e-6)


@given(
    forms=st.binary(min_size=76, max_size=76),
    at=st.sampled_from([40, 70, 76, 80, 104, 108, 112, 252, 256, 268, 280, 296, 312]),
    length=st.integers(1, 48),
)
def test_any_header_is_read_as_by_nibabel_or_refused(tmp_path_factory, forms, at, length):
    path = written(tmp_path_factory.mktemp("nifti") / "v.nii")
    content = bytearray(path.read_bytes())
    length = min(length, 328 - at)
    content[at : at + length] = forms[:length]
    path.write_bytes(content)
    try:
        volume = read_volume(path)
    except UnusableInput as error:
        assert "\n" not in str(error)  # noqa: PT017 - any sentence will do
    else:
        usable = not any(finding.code == "form_unusable" for finding in volume.acquisition.warnings)
        reference = nibabel.load(path)
        if usable:
            require_same_place(volume, reference.affine * np.array([[volume_unit(path)]] * 3 + [[1]]))


def volume_unit(path: Path) -> float:
    return {1: 1e3, 3: 1e-3}.get(path.read_bytes()[123] & 7, 1.0)
