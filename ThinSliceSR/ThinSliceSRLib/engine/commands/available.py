"""tell a program which weights are there, at once, and then which devices, as JSON events"""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from ..events.progress import Reporter
from ..events.told import DevicesListed, Finished, WeightsListed

NAME = "available"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights-only", action="store_true", help="tell of weights alone, without the seconds that PyTorch takes"
    )
    parser.set_defaults(progress="json")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    """Tells the weights as the event `started`, and the devices as the event `finished`."""
    from ..weights.inventory import weights_files
    from ..weights.registry import registered_models
    from .weights import list_of_weights

    models = registered_models()
    reporter.started(WeightsListed(**list_of_weights(models, weights_files(models))))
    if arguments.weights_only:
        reporter.finished(Finished())
        return
    from .devices import list_of_devices

    reporter.finished(DevicesListed(**list_of_devices()))
