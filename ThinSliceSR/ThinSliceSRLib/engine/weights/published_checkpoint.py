"""Checkpoints in the format that the authors of the DLS model published: read, recognised, made weights of ours.

Such a file holds {'net': nn.Module, 'config_dict': {…}}; {'net': state dict} and a plain state dict are read as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import WeightsError
from ..network.configuration import PUBLISHED
from ..network.cthnet import CTHNet
from .checkpoint_reading import Inert, read_checkpoint
from .weights_file import require_numbers, save_weights

POSITION_INDEX = ".relative_position_index"
# What nn.DataParallel puts before every name.
PARALLEL = "module."


def convert_published(checkpoint: Path, target: Path, name: str) -> None:
    """Writes the weights of a published checkpoint as a safetensors file, in float32, as they are.

    Raises as `published_network`, and CannotWrite.
    """
    save_weights(
        target,
        published_network(checkpoint),
        name,
        trained=True,
        trained_on="a checkpoint in the published CTHNet format, imported; its data and licence are as its source says",
        dtype=torch.float32,
    )


def published_network(checkpoint: Path) -> CTHNet:
    """The network of a published checkpoint: published sizes, published axis layout, trim 3.

    Raises WeightsError (exit code 3) as `read_checkpoint`, and `weights_refused` when it holds another network.
    """
    state = state_dict_of(read_checkpoint(checkpoint))
    if state and all(name.startswith(PARALLEL) for name in state):
        state = {name.removeprefix(PARALLEL): value for name, value in state.items()}
    network = CTHNet(PUBLISHED)
    difference = _first_difference(state, network)
    if difference:
        raise WeightsError(
            f"{checkpoint.name} does not hold the published CTHNet ({difference}); "
            "only checkpoints of the published network can be imported.",
            "weights_refused",
        )
    weights = {name: value.float() for name, value in state.items() if not name.endswith(POSITION_INDEX)}
    require_numbers(weights, checkpoint)
    network.load_state_dict(weights)
    return network.eval()


def state_dict_of(stored: Any) -> dict[str, Tensor]:
    """The tensors by name of a checkpoint, or of a module in it; empty when there are none."""
    if isinstance(stored, dict) and "net" in stored:
        stored = stored["net"]
    if isinstance(stored, dict):
        return {name: value for name, value in stored.items() if isinstance(name, str) and isinstance(value, Tensor)}
    return _gathered(stored)


def _gathered(module: Any) -> dict[str, Tensor]:
    """What `state_dict` would give of a module that was stored, found in the attributes of nn.Module."""
    tensors = {}
    waiting, seen = [("", module)], set()
    while waiting:
        prefix, module = waiting.pop()
        if not isinstance(module, Inert) or id(module) in seen:
            continue
        seen.add(id(module))
        passing = vars(module).get("_non_persistent_buffers_set")
        passing = passing if isinstance(passing, set) else set()
        for name, value in {**_part(module, "_parameters"), **_part(module, "_buffers")}.items():
            if isinstance(value, Tensor) and name not in passing:
                tensors[f"{prefix}{name}"] = value
        waiting += [(f"{prefix}{name}.", child) for name, child in _part(module, "_modules").items()]
    return tensors


def _part(module: Inert, attribute: str) -> dict[Any, Any]:
    value = vars(module).get(attribute)
    return value if isinstance(value, dict) else {}


def _first_difference(state: dict[str, Tensor], network: CTHNet) -> str | None:
    """In words, the first thing that sets these tensors apart from those of the network; None when nothing does."""
    expected = network.state_dict()
    indices = {name: value for name, value in network.named_buffers() if name.endswith(POSITION_INDEX)}
    for name, value in expected.items():
        if name not in state:
            return f"it has no {name}"
        if state[name].shape != value.shape:
            return f"its {name} is {tuple(state[name].shape)}, not {tuple(value.shape)}"
        if not state[name].is_floating_point():
            return f"its {name} does not hold fractions"
    for name, value in state.items():
        if name not in expected and name not in indices:
            return "it has more tensors than that"
        if name in indices and not (value.shape == indices[name].shape and bool((value == indices[name]).all())):
            return f"its {name} is another one"
    return None
