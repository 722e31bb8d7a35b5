"""The slab correction of samples in training is the one of a run."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ThinSliceSRLib.engine.network.slab_inputs import slab_inputs
from ThinSliceSRLib.engine.synthesis.slab_consistency import SlabConsistency
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile

from training.learning.consistent import consistent

RATIO, TRIM, THICK = 5, 3, 8
KEPT = slice(TRIM, RATIO * (THICK - 1) + 1 - TRIM)


def sample(profile: SlabProfile, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random thin slices of a cube (1, slices, 2, 2), their thick ones, and the slab inputs."""
    thin = np.random.default_rng(seed).normal(0, 1, (RATIO * (THICK - 1) + 1, 2, 2)).astype(np.float32)
    weights = profile.weights(np.arange(len(thin)), 1.0, np.arange(THICK) * RATIO)
    thick = np.tensordot(weights, thin, 1).astype(np.float32)
    return torch.from_numpy(thin)[None], torch.from_numpy(thick)[None], slab_inputs(profile.overlap, 7.0, profile.bell)


PROFILES = [SlabProfile(5.0, 5.0), SlabProfile(5.0, 5.0, 0.7), SlabProfile(10.0, 5.0), SlabProfile(3.5, 5.0, 0.2)]


def test_thin_slices_that_say_what_was_measured_stay():
    thin, thick, slabs = (torch.stack(parts) for parts in zip(*map(sample, PROFILES, range(4)), strict=True))
    made = consistent(thin[:, :, KEPT], thick, slabs, RATIO, TRIM)
    torch.testing.assert_close(made, thin[:, :, KEPT], atol=1e-5, rtol=0)


@pytest.mark.parametrize("profile", PROFILES)
def test_others_say_it_after_their_change(profile: SlabProfile):
    """Of the thick slices in the middle, which lie within the kept thin ones whatever their profile is."""
    thin, thick, slabs = (part[None] for part in sample(profile, 1))
    made = consistent(torch.zeros_like(thin[:, :, KEPT]), thick, slabs, RATIO, TRIM)[0, 0].numpy()
    weights = profile.weights(np.arange(KEPT.start, KEPT.stop), 1.0, np.array([3, 4]) * RATIO)
    np.testing.assert_allclose(np.tensordot(weights, made, 1), thick[0, 0, 3:5], atol=0.03)


def test_the_change_is_that_of_a_run():
    """Of one thick slice in the middle, where neither cube nor volume ends."""
    lacking = torch.zeros(1, 1, THICK, 1, 1)
    lacking[:, :, 4] = 1
    made = torch.zeros(1, 1, KEPT.stop - KEPT.start, 1, 1)
    changed = consistent(made, lacking, slab_inputs(1.0, 7.0, 0.0)[None], RATIO, TRIM).flatten()
    correction = SlabConsistency(SlabProfile(5.0, 5.0), RATIO, 41)
    expected = correction.change(20)[:, list(correction.changing(20)).index(20)]
    own = 4 * RATIO - RATIO // 2 - TRIM
    np.testing.assert_allclose(changed[own : own + RATIO], expected, atol=0.01)


def test_where_no_thick_slice_lies_within_nothing_is_changed():
    made = torch.rand(1, 1, 3, 2, 2)
    thick = torch.rand(1, 1, THICK, 2, 2)
    assert torch.equal(consistent(made, thick, slab_inputs(1.0, 7.0, 0.0)[None], RATIO, TRIM), made)
