"""What the engine finds in volumes: a volume for each finding, and every sentence that it can say of them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ThinSliceSRLib.engine.devices import main_memory
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.findings.checked_volume import check_volume
from ThinSliceSRLib.engine.volumes.value_scale import in_hu
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume

LIBRARY = Path(__file__).resolve().parents[2]
TILT = np.array([[1, 0, 0], [0, 1, 0.2], [0, 0, 0.98]])
SHEAR = np.array([[1, 0.3, 0], [0, 0.95, 0], [0, 0, 1]])
OBLIQUE = np.array([[1, 0, 0], [0, 0.8, 0.6], [0, -0.6, 0.8]])
STEPS_OF_MEMORY = """
import itertools, json
from types import SimpleNamespace as S
from ThinSliceSRLib.engine.synthesis.memory_ladder import _step_in_words
gpu, cpu = S(is_gpu=True, label="cuda:1 NVIDIA"), S(is_gpu=False, label="cpu")
steps = itertools.product((gpu, cpu), (1, 4), [S(device=d, cubes=c) for d in (gpu, cpu) for c in (1, 2)])
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.trained_for import untrained_for
import numpy as np
model = S(label="cthnet-small", configuration=S(spacings_mm=(2.0, 10.0), overlaps=(0.5, 2.5)))
untrained = untrained_for(model, Volume(np.zeros((3, 8, 8)), (0.7, 0.7, 12.5)))
print(json.dumps([*(_step_in_words(*step) for step in steps), *(finding.message for finding in untrained)]))
"""


def chest(**facts: Any) -> Volume:
    hu = np.where(np.arange(20 * 8 * 8) % 2, -850, 40).astype(np.float32).reshape(20, 8, 8)
    return Volume(hu, (0.7, 0.7, 5.0), acquisition=Acquisition(**facts))


def with_hu(hu: float, place: Any, volume: Volume | None = None) -> Volume:
    volume = volume or chest()
    volume.hu[place] += hu
    return volume


def no_chest(around: float = -1000.0) -> Volume:
    """Soft tissue with air on both sides, of which the outermost has another value."""
    hu = np.full((20, 48, 48), 40, np.float32)
    hu[:, :, :14] = hu[:, :, -14:] = -1000
    hu[:, :, :2] = around
    return Volume(hu, (0.7, 0.7, 5.0))


def steps(*changes: tuple[int, float]) -> tuple[float, ...]:
    """Where 20 slices lie that are 5 mm apart but for the step after some of them."""
    lengths = np.full(19, 5.0)
    for number, length in changes:
        lengths[number] = length
    return tuple(np.concatenate([[0.0], np.cumsum(lengths)]))


VOLUMES = [
    Volume(np.zeros((1, 8, 8)), (0.7, 0.7, 5.0)),
    chest(modality="MR"),
    chest(modality="unknown"),
    chest(synthetic=True),
    replace(chest(), origin_mm=(np.nan, 0.0, 0.0)),
    replace(chest(), direction=TILT),
    replace(chest(), direction=SHEAR),
    replace(chest(), direction=OBLIQUE),
    *[chest(slice_positions_mm=steps(*[(3 * k, 10.0) for k in range(count)])) for count in (1, 6)],
    *[chest(slice_positions_mm=steps(*[(3 * k, 0.0) for k in range(count)])) for count in (1, 6)],
    *[chest(slice_positions_mm=steps(*[(3 * k, 7.3) for k in range(count)])) for count in (1, 6)],
    chest(slice_positions_mm=steps(*[(k, 5.14) for k in range(9)])),
    *[replace(chest(), spacing_mm=(0.7, 0.7, spacing)) for spacing in (1.0, 12.25)],
    *[chest(slice_thickness_mm=thickness) for thickness in (3.0, 20.5)],
    with_hu(np.nan, (3, 3, slice(5))),
    no_chest(),
    no_chest(np.nan),
    with_hu(-32_000.0, (3, 20, 24), no_chest()),
    with_hu(20_000.0, slice(None)),
    with_hu(900.0, 5),
    replace(chest(), hu=chest().hu[:, :4, :4]),
    replace(chest(), hu=chest().hu * 3),
    replace(chest(), hu=chest().hu * 0),
    replace(chest(), hu=chest().hu + 850),
    replace(chest(), hu=chest().hu + 1024),
    replace(chest(), hu=(chest().hu + 1024) / 3072),
]


def every_finding() -> list[Finding]:
    """Every finding that there is, those of several words in all of them."""
    found = [finding for volume in VOLUMES for finding in check_volume(volume)]
    found += check_volume(replace(chest(), spacing_mm=(0.7, 0.7, 1.0)), may_be_thin=True)
    with pytest.MonkeyPatch.context() as little_memory:
        little_memory.setattr(main_memory, "available_bytes", lambda: 1_000_000_000)
        return found + check_volume(chest())


def every_sentence(found: list[Finding]) -> list[str]:
    """Those of the findings, and what the engine says while it computes."""
    command = [sys.executable, "-c", STEPS_OF_MEMORY]
    told = subprocess.run(command, cwd=LIBRARY, capture_output=True, text=True, check=True).stdout
    return [finding.message for finding in found] + json.loads(told) + wrong_scales()


def wrong_scales() -> list[str]:
    """What is said of HU that their user takes for values on another scale."""
    said = []
    for values in ("unit", "offset"):
        with pytest.raises(UnusableInput) as refused:
            in_hu(chest(), values)
        said.append(str(refused.value))
    return said
