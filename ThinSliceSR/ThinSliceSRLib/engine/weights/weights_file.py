"""Weights: safetensors files with the network's parameters and, in their metadata, all that is needed to use them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from ..calibration.calibration import Calibration
from ..errors import WeightsError
from ..network.configuration import NetworkConfiguration
from ..network.cthnet import CTHNet, start_at_linear_interpolation
from ..outputs.whole_file import whole_file
from .weights_header import CALIBRATION, FORMAT, damaged, sha256_of, weights_metadata


@dataclass(frozen=True)
class Model:
    """A network with its weights, ready to run (evaluation mode, float32, on the CPU).

    trained: False for the start that equals linear interpolation; whatever such a model makes is named "untrained".
    sha256: of the weights file. calibration: of its doubt; None where it tells none, or none that was calibrated.
    """

    name: str
    network: CTHNet
    sha256: str
    trained: bool
    calibration: Calibration | None = None

    @property
    def configuration(self) -> NetworkConfiguration:
        return self.network.config

    @property
    def label(self) -> str:
        """The name for titles and headers, which never hides that a model is untrained."""
        return self.name if self.trained else f"{self.name} (untrained)"


def save_weights(
    path: Path,
    network: CTHNet,
    name: str,
    *,
    trained: bool,
    trained_on: str = "",
    version: str = "1",
    dtype: torch.dtype = torch.float16,
    undo: ExitStack | None = None,
) -> None:
    """Writes a weights file, whole or not at all. `trained_on` names the training data and their licences.

    undo: as in `whole_file`. Raises CannotWrite.
    """
    tensors = {key: value.detach().to("cpu", dtype).contiguous() for key, value in network.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "trained": json.dumps(trained),
        "trained_on": trained_on,
        "precision": str(dtype).removeprefix("torch."),
        "configuration": network.config.to_json(),
    }
    _write(path, tensors, metadata, undo)


def with_calibration(path: Path, calibration: Calibration) -> None:
    """Writes the calibration of a model's doubt into its weights file, in place of what was there."""
    metadata = weights_metadata(path)
    _write(path, safetensors.torch.load_file(path), {**metadata, CALIBRATION: calibration.to_json()})


def _write(
    path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str], undo: ExitStack | None = None
) -> None:
    with whole_file(path, undo) as part:
        # Were safetensors to write the file, the owner alone could read it, and a kill would leave one of its own.
        part.write_bytes(safetensors.torch.save(tensors, metadata))


def load_model(path: Path) -> Model:
    """The model of a weights file. Raises WeightsError when the file is missing, damaged or not such a file."""
    metadata = weights_metadata(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except (safetensors.SafetensorError, OSError) as error:
        raise damaged(path) from error
    configuration = NetworkConfiguration.from_json(metadata["configuration"])
    if metadata["trained"] not in ("true", "false"):
        raise WeightsError(f"{path.name} does not say whether it is trained; choose another file.", "weights_refused")
    try:
        with torch.device("meta"):  # of any size without any memory
            promised = {key: tensor.shape for key, tensor in CTHNet(configuration).state_dict().items()}
        if promised != {key: tensor.shape for key, tensor in tensors.items()}:
            raise RuntimeError("other tensors than those of the configuration")
        if not all(tensor.is_floating_point() for tensor in tensors.values()):
            raise RuntimeError("tensors that hold no fractions")
        tensors = {key: tensor.float() for key, tensor in tensors.items()}
        require_numbers(tensors, path)
        network = CTHNet(configuration)
        network.load_state_dict(tensors)
    except (RuntimeError, OverflowError) as error:
        raise WeightsError(
            f"The tensors in {path.name} do not fit its configuration; fetch or copy it again.", "weights_damaged"
        ) from error
    calibration = Calibration.from_json(metadata[CALIBRATION]) if CALIBRATION in metadata else None
    return Model(metadata["name"], network.eval(), sha256_of(path), json.loads(metadata["trained"]), calibration)


def require_numbers(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Raises WeightsError (`weights_damaged`) when NaN or infinity stands in one of the tensors (float32) of a file."""
    if not all(bool(tensor.sum().isfinite()) for tensor in tensors.values()):  # a sum takes a tenth of the time
        raise WeightsError(
            f"{path.name} holds weights that are not finite numbers; fetch or copy it again.", "weights_damaged"
        )


def untrained_network(config: NetworkConfiguration) -> CTHNet:
    """A network whose output equals linear interpolation, the start of every training; the same each time."""
    if not config.image_skip:
        raise WeightsError("Only a network with an image skip can start at linear interpolation.", "weights_refused")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CTHNet(config)
    start_at_linear_interpolation(network)
    return network
