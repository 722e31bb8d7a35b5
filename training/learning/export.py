"""Weights from a checkpoint: the moving average of a run, as a file that the engine loads."""

from __future__ import annotations

from pathlib import Path

import torch
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.weights.weights_file import save_weights

from ..settings import Settings

AVERAGED = "averaged.module."


def averaged_network(settings: Settings, checkpoint: Path) -> CTHNet:
    """The network with the averaged weights of a checkpoint. Raises UnusableInput when it is none of these settings."""
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
        network = CTHNet(settings.network)
        network.load_state_dict(
            {name.removeprefix(AVERAGED): value for name, value in state.items() if name.startswith(AVERAGED)}
        )
    except OSError as error:
        raise UnusableInput(f"There is no checkpoint {checkpoint}; check the path.", "not_found") from error
    except (RuntimeError, KeyError, TypeError) as error:
        raise UnusableInput(
            f"The checkpoint {checkpoint} is not one of a run with these settings; give the settings of the run."
        ) from error
    return network.eval()


def export_weights(settings: Settings, checkpoint: Path, weights: Path, version: str = "1") -> None:
    """Writes the averaged weights of a checkpoint in float16 under the name that the settings give them."""
    network = averaged_network(settings, checkpoint)
    save_weights(weights, network, settings.name, trained=True, trained_on=settings.trained_on, version=version)
