"""What the tests of the benchmark share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from ThinSliceSRLib.engine.volumes.volume import Volume

# How long an example takes says how busy the machine is.
settings.register_profile("benchmarks", deadline=None)
settings.load_profile("benchmarks")


@pytest.fixture
def thick_volume() -> Volume:
    """A small thick volume, int16 HU: lung within soft tissue, a little noise."""
    hu = np.full((12, 24, 30), 40.0)
    hu[:, 6:18, 5:25] = -850
    hu += np.random.default_rng(0).normal(0, 20, hu.shape)
    return Volume(hu.astype(np.int16), (0.8, 0.7, 5.0))
