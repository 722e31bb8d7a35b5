"""The phantom is one chest, the same at every spacing, with tissues, nodules, branches and noise that are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.phantom.branches import Branches, branch_coverage, grow
from ThinSliceSRLib.engine.phantom.chest import NODULE_HU, Nodule, chest_phantom, phantom_nodules
from ThinSliceSRLib.engine.phantom.lungs import lobe_of, lung_distance
from ThinSliceSRLib.engine.phantom.noise import ct_noise
from ThinSliceSRLib.engine.phantom.shapes import Texture
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume

LEFT_LUNG_MM = (60.0, 20.0, -20.0)


@pytest.fixture(scope="module")
def quiet_chest() -> Volume:
    return chest_phantom((1.25, 1.25, 1.4), (240, 200, 78), noise_hu=0)


@pytest.fixture(scope="module")
def quiet_lung() -> Volume:
    return chest_phantom((1.25, 1.25, 1.0), (80, 80, 40), noise_hu=0, centre_mm=LEFT_LUNG_MM)


def sphere_around(volume: Volume, place_mm: tuple[float, ...], radius_mm: float) -> np.ndarray:
    """Where the voxels of `volume` lie within a sphere."""
    axes = (o + np.arange(n) * s for o, n, s in zip(volume.origin_mm, volume.size, volume.spacing_mm, strict=True))
    x, y, z = (axis - centre for axis, centre in zip(axes, place_mm, strict=True))
    return z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= radius_mm**2


@pytest.mark.parametrize(
    ("place_mm", "expected_hu"),
    [
        ((-140, -85, 0), (-1000, -1000)),  # air beside the body
        ((-3, 12, 25), (-1000, -990)),  # trachea
        ((-141, 10, -40), (-120, -80)),  # fat under the skin
        ((26, 41, 0), (140, 175)),  # descending aorta
        ((37, -22, -49), (135, 165)),  # left ventricle
        ((-58, 2, -68.5), (90, 125)),  # liver, in the right dome of the diaphragm
        ((0, 60, 0), (80, 300)),  # marrow of a vertebra
        ((0, 83, 0), (25, 55)),  # spinal cord
    ],
)
def test_tissues_lie_where_they_lie_in_a_chest_with_their_hu(quiet_chest: Volume, place_mm, expected_hu):
    low, high = expected_hu
    assert low <= quiet_chest.hu[sphere_around(quiet_chest, place_mm, 2.0)].mean() <= high


def test_lungs_are_airy_denser_at_the_back_and_full_of_vessels(quiet_chest: Volume):
    k, j, i = np.indices(quiet_chest.hu.shape)[:, ::3, ::2, ::2].reshape(3, -1)
    x, y, z = (o + n * s for o, n, s in zip(quiet_chest.origin_mm, (i, j, k), quiet_chest.spacing_mm, strict=True))
    inside = lung_distance(x, y, z) < -8
    hu = quiet_chest.hu[k, j, i]
    assert -890 < np.median(hu[inside]) < -840
    assert np.median(hu[inside & (y > 40)]) > np.median(hu[inside & (y < -20)]) + 15
    lobes = lobe_of(x[inside], y[inside], z[inside])
    assert len(set(lobes)) == 5
    for lobe in set(lobes):
        assert 0.01 < (hu[inside][lobes == lobe] > -700).mean() < 0.25, lobe


def test_bones_have_a_dense_cortex_in_every_slice(quiet_chest: Volume):
    assert (quiet_chest.hu > 350).sum(axis=(1, 2)).min() > 50
    assert 500 < quiet_chest.hu.max() < 1500


def test_the_same_seed_gives_the_same_phantom():
    region = {"spacing_mm": (2.5, 2.5, 2.0), "size": (40, 40, 6), "centre_mm": LEFT_LUNG_MM, "seed": 3}
    np.testing.assert_array_equal(chest_phantom(**region).hu, chest_phantom(**region).hu)


def test_another_seed_grows_other_branches_in_the_same_chest():
    region = {"spacing_mm": (2.5, 2.5, 2.0), "size": (128, 100, 6), "noise_hu": 0}
    first, second = (chest_phantom(**region, seed=seed).hu.astype(float) for seed in (0, 1))
    assert np.abs(first - second).mean() > 10
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(("spacing_mm", "blocks"), [((1.25, 1.25, 5.0), (8, 1, 1)), ((2.5, 2.5, 1.0), (40, 2, 2))])
def test_coarse_voxels_are_the_means_of_the_fine_ones_they_cover(quiet_lung: Volume, spacing_mm, blocks):
    """But for the edges, which are drawn with the sharpness of the voxels."""
    slices, rows, columns = blocks[0], 80 // blocks[1], 80 // blocks[2]
    coarse = chest_phantom(spacing_mm, (columns, rows, slices), noise_hu=0, centre_mm=LEFT_LUNG_MM)
    means = quiet_lung.hu.reshape(slices, 40 // slices, rows, blocks[1], columns, blocks[2]).mean(axis=(1, 3, 5))
    difference = means - coarse.hu
    assert abs(difference.mean()) < 0.5
    assert np.abs(difference).mean() < 1


def test_finer_voxels_show_the_same_chest(quiet_lung: Volume):
    coarse = quiet_lung.hu[14:26, 10:70, 10:70]
    fine = chest_phantom((0.625, 0.625, 0.5), (120, 120, 24), noise_hu=0, centre_mm=LEFT_LUNG_MM)
    difference = fine.hu.reshape(12, 2, 60, 2, 60, 2).mean(axis=(1, 3, 5)) - coarse
    assert abs(difference.mean()) < 2
    assert np.median(np.abs(difference)) < 2
    assert np.abs(difference).mean() < 0.05 * coarse.std()


@pytest.mark.parametrize("nodule", phantom_nodules(0), ids=lambda nodule: f"{nodule.kind} {nodule.diameter_mm:g} mm")
def test_a_nodule_lies_at_its_place_with_its_hu_and_size(quiet_chest: Volume, nodule: Nodule):
    radius = nodule.diameter_mm / 2
    core = quiet_chest.hu[sphere_around(quiet_chest, nodule.centre_mm, max(0.4 * radius, 1.0))]
    assert np.median(core) == pytest.approx(NODULE_HU[nodule.kind], abs=0.12 * (NODULE_HU[nodule.kind] + 1000))
    shell = sphere_around(quiet_chest, nodule.centre_mm, radius + 4) & ~sphere_around(
        quiet_chest, nodule.centre_mm, radius + 1.5
    )
    around = np.percentile(quiet_chest.hu[shell], 30)
    assert -930 < around < -800
    excess = (quiet_chest.hu[sphere_around(quiet_chest, nodule.centre_mm, radius + 1)] - around).clip(0).sum()
    volume_mm3 = excess * np.prod(quiet_chest.spacing_mm) / (NODULE_HU[nodule.kind] - around)
    assert volume_mm3 == pytest.approx(np.pi / 6 * nodule.diameter_mm**3, rel=0.3)


@pytest.mark.parametrize("seed", range(6))
def test_nodules_of_every_kind_lie_apart_in_the_lungs_and_in_the_default_volume(seed: int):
    nodules = phantom_nodules(seed)
    assert {nodule.kind for nodule in nodules} == {"solid", "subsolid", "calcified"}
    for nodule in nodules:
        assert lung_distance(*np.array(nodule.centre_mm)) < -nodule.diameter_mm / 2 - 4
        assert -75 < nodule.centre_mm[2] < 45
    for one, other in combinations(nodules, 2):
        assert np.linalg.norm(np.subtract(one.centre_mm, other.centre_mm)) > 24
    assert nodules != phantom_nodules(seed + 1)


def test_the_volume_lies_around_its_centre_in_patient_axes():
    volume = chest_phantom((4.0, 5.0, 3.0), (20, 12, 4), centre_mm=(1.0, 2.0, 3.0))
    assert volume.hu.dtype == np.int16
    assert volume.size == (20, 12, 4)
    np.testing.assert_array_equal(volume.direction, np.eye(3))
    middle = np.array(volume.origin_mm) + (np.array(volume.size) - 1) / 2 * volume.spacing_mm
    np.testing.assert_allclose(middle, (1, 2, 3), atol=1e-9)


def test_a_grown_tree_is_connected_and_reaches_every_part_of_its_region():
    random = np.random.default_rng(0)
    points = random.uniform((20, -40, -40), (80, 40, 40), (1500, 3))
    tree = grow(points, np.zeros(3), np.array((1.0, 0, 0)), random)
    joined = tree.parent >= 0
    np.testing.assert_allclose(tree.start[joined], tree.end[tree.parent[joined]])
    assert (tree.supplied[joined] < tree.supplied[tree.parent[joined]]).all()
    away = np.linalg.norm(points[:, None] - tree.end[None], axis=2).min(axis=1)
    assert np.percentile(away, 99) < 12
    assert away.max() < 20


def test_the_companion_of_a_tree_is_connected_and_keeps_its_distance():
    random = np.random.default_rng(1)
    points = random.uniform((20, -40, -40), (80, 40, 40), (500, 3))
    tree = grow(points, np.zeros(3), np.array((1.0, 0, 0)), random)
    distance_mm = tree.radii(0.5)
    companion = tree.beside(np.array((0.0, 9.0, 0.0)), np.array((0.3, 1.0, 0.2)), distance_mm)
    joined = companion.parent >= 0
    np.testing.assert_allclose(companion.start[joined], companion.end[companion.parent[joined]])
    np.testing.assert_allclose(np.linalg.norm(companion.end - tree.end, axis=1), distance_mm, rtol=1e-3)


@settings(max_examples=30)
@given(radius=st.floats(0.2, 4), step=st.floats(0.5, 1.5), tilt=st.floats(-0.5, 0.5), shift=st.floats(0, 1))
def test_a_branch_covers_its_cross_section_on_any_grid(radius: float, step: float, tilt: float, shift: float):
    x = np.arange(-10, 10, step, dtype=np.float32) + np.float32(shift)
    z = np.arange(-6, 6, step, dtype=np.float32)
    end = np.array([[20 * tilt, 0.0, 20.0]])
    branch = Branches(-end, end, np.array([radius]), np.array([radius]))
    covered = branch_coverage(branch, x, x, z, blur_mm=1.7).sum(axis=(1, 2)) * step**2
    lying = np.hypot(1, tilt)  # a level cuts a leaning branch in an ellipse
    np.testing.assert_allclose(covered, np.pi * radius**2 * lying, rtol=0.12, atol=0.05)


def test_a_texture_is_the_same_whatever_the_grid_and_has_variance_one():
    texture = Texture([5], wavelength_mm=8)
    x = np.arange(-150, 150, dtype=np.float32)
    planes = np.stack([texture.on_plane(x, x[::2], float(z)) for z in (-40, 0, 40)])
    assert planes.std() == pytest.approx(1, abs=0.15)
    np.testing.assert_allclose(texture.on_plane(x[::3], x[::4], 40.0), planes[2][::2, ::3], atol=1e-4)


@pytest.mark.parametrize("thickness_mm", [0.5, 1.0, 2.0])
def test_noise_falls_with_the_root_of_the_slice_thickness(thickness_mm: float):
    noise = np.stack(list(ct_noise(0, 20, (96, 128), (0.8, 0.7, thickness_mm), hu=25)))
    assert noise.shape == (20, 96, 128)
    assert noise.std() == pytest.approx(25 / np.sqrt(thickness_mm), rel=0.03)
    assert abs(noise.mean()) < 0.5


def test_noise_has_the_spectrum_of_filtered_back_projection():
    """Little power at low frequencies, the most below 0.4 per mm, none beyond the cut-off of the kernel."""
    noise = np.stack(list(ct_noise(0, 16, (128, 128), (0.5, 0.5, 1.0), hu=25)))
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(128, 0.5), np.fft.fftfreq(128, 0.5)))
    bands = ((0.01, 0.06), (0.15, 0.35), (0.55, 0.7), (0.9, 1.4))
    low, middle, high, beyond = (power[(frequency >= a) & (frequency < b)].mean() for a, b in bands)
    assert low < 0.6 * middle
    assert high < 0.3 * middle
    assert beyond < 1e-6 * middle


def test_noise_of_neighbouring_slices_correlates_a_little():
    noise = np.stack(list(ct_noise(0, 40, (64, 64), (0.8, 0.8, 1.0), hu=25)))
    next_but = [(noise[step:] * noise[:-step]).mean() / noise.var() for step in (1, 2, 3)]
    assert 0.15 < next_but[0] < 0.4
    assert abs(next_but[1]) < 0.1
    assert abs(next_but[2]) < 0.05


def test_thick_slices_of_the_phantom_are_as_noisy_as_simulated_ones():
    region = {"centre_mm": (-58.0, 0.0, -90.0)}  # within the liver
    noises = []
    for spacing, size in (((1.25, 1.25, 1.0), (32, 32, 41)), ((1.25, 1.25, 5.0), (32, 32, 9))):
        noisy, quiet = (chest_phantom(spacing, size, noise_hu=hu, **region) for hu in (25, 0))
        noises.append(Volume(noisy.hu.astype(np.float32) - quiet.hu, spacing))
    simulated = simulate_thick(noises[0], SlabProfile(5.0, 5.0)).hu[1:-1]
    assert noises[0].hu.std() == pytest.approx(25, rel=0.05)
    assert simulated.std() < 0.65 * noises[0].hu.std()
    assert noises[1].hu.std() == pytest.approx(simulated.std(), rel=0.1)
