"""Any metadata whatever of a weights file: a model, or one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import pytest
import safetensors.torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models import TINY
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.weights.weights_file import FORMAT, load_model, untrained_network

NUMBERS = st.sampled_from([0, 1, -1, 2, 3, 5, 7, 8, 64, 2**12, 2**31, 2**63, 10**30, -(10**30), 0.5, 1e300])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
ENTRIES = [entry.name for entry in fields(NetworkConfiguration)]


@pytest.fixture(scope="module")
def tensors():
    return untrained_network(TINY).state_dict()


def loaded(path: Path, tensors, **metadata: str) -> None:
    """Reads a weights file with this metadata; a refusal must be one sentence with exit code 3."""
    told = {"format": FORMAT, "name": "odd", "trained": "true", "configuration": TINY.to_json(), **metadata}
    safetensors.torch.save_file(tensors, path, told)
    try:
        load_model(path)
    except WeightsError as error:
        told = (error.exit_code, "\n" in str(error), str(error)[-1])
        if told != (3, False, "."):
            pytest.fail(f"{told}: {error}")
        raise


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=st.dictionaries(st.sampled_from(ENTRIES), JSON, min_size=1, max_size=3))
def test_a_configuration_with_any_entries_is_used_or_refused(changed, tensors, tmp_path):
    configuration = json.dumps({**asdict(TINY), **changed})
    try:
        loaded(tmp_path / "odd.safetensors", tensors, configuration=configuration)
    except WeightsError:
        pass
    else:  # the tensors fit, so that no size was changed
        NetworkConfiguration.from_json(configuration)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60) | JSON.map(json.dumps), entry=st.sampled_from(["configuration", "trained", "format"]))
def test_any_text_in_the_metadata_is_used_or_refused(text, entry, tensors, tmp_path):
    if text in ("true", "false"):
        return
    with pytest.raises(WeightsError):
        loaded(tmp_path / "odd.safetensors", tensors, **{entry: text})


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("encoder_heads", 0),
        ("encoder_heads", -1),
        ("encoder_heads", 2.0),
        ("encoder_heads", True),
        ("encoder_heads", "2"),
        ("through_plane_window", 0),
        ("encoder_window", [0, 0, 0]),
        ("encoder_window", [2, 2]),
        ("encoder_window", [64, 64, 64]),
        ("encoder_channels", 10**9),
        ("slice_channels", 4096),
        ("in_plane_blocks", 10**6),
        ("cube", [8, 0, 0]),
        ("cube", 8),
        ("ratio", 10**6 + 1),
        ("trim", -1),
        ("image_skip", 1),
        ("hu_range", [2048, -1024]),
        ("hu_range", [0, 1e300]),
        ("axis_layout", ["published"]),
        ("axis_layout", "x" * 10**5),
    ],
)
def test_impossible_sizes_are_refused_at_once(entry, value, tensors, tmp_path):
    configuration = json.dumps({**asdict(TINY), entry: value})
    with pytest.raises(WeightsError) as refused:
        loaded(tmp_path / "odd.safetensors", tensors, configuration=configuration)
    assert len(str(refused.value)) < 200


def test_weights_are_read_without_the_compiler_of_pytorch(tiny_weights, tmp_path):
    """It takes seconds to load, and leaves a folder among the temporary files."""
    program = (
        "import sys; from pathlib import Path; from ThinSliceSRLib.engine.weights.weights_file import load_model; "
        "load_model(Path(sys.argv[1])); print('torch._dynamo' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", program, str(tiny_weights)], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"
    assert list(tmp_path.iterdir()) == []
