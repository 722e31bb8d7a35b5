"""A model says when slices were measured in a way that it was not trained for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from models import linear_model
from ThinSliceSRLib.engine.network.configuration import PUBLISHED, SMALL
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume
from ThinSliceSRLib.engine.weights.trained_for import untrained_for


def thick(thickness: float | None, spacing: float) -> Volume:
    acquisition = Acquisition(slice_thickness_mm=thickness)
    return Volume(np.zeros((4, 8, 8), np.int16), (0.7, 0.7, spacing), acquisition=acquisition)


@pytest.mark.parametrize(
    ("thickness", "spacing", "small", "published"),
    [
        (5.0, 5.0, True, True),
        (None, 5.0, True, True),
        (3.0, 3.0, True, False),
        (5.0, 2.5, True, False),
        (5.0, 10.0, True, False),
        (12.0, 12.0, False, False),
        (None, 1.8, False, False),
    ],
)
def test_models_warn_of_what_they_were_not_trained_for(thickness, spacing, small, published):
    for config, knows in ((SMALL, small), (PUBLISHED, published)):
        model = linear_model()
        model.network.config = replace(config, slab_inputs=False, doubt_channels=0)
        findings = untrained_for(model, thick(thickness, spacing))
        assert [finding.code for finding in findings] == ([] if knows else ["model_unfit"])
        assert all(finding.level == "warning" and f"{spacing:g} mm" in finding.message for finding in findings)
