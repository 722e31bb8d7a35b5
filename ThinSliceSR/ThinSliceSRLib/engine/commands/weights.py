"""list, download, import, verify and remove weights"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CannotWrite, WeightsError
from ..events.progress import Reporter
from ..events.told import DownloadFinished
from .option_arguments import add_progress

if TYPE_CHECKING:
    from ..weights.inventory import WeightsFile
    from ..weights.registry import RegisteredModel

NAME = "weights"
PLACES = {"own": "your own folder", "installed": "came with ThinSliceSR", "clone": "came with ThinSliceSR"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="tell which weights are where, and which can be downloaded")
    listing.add_argument("--json", action="store_true", help="tell it as one JSON object")
    listing.set_defaults(action=list_weights)

    download = actions.add_parser("download", help="download registered weights into your own folder")
    download.add_argument("name", metavar="NAME", help="of registered weights, as `thinslicesr weights list` tells it")
    download.add_argument(
        "--mirror",
        metavar="ADDRESS",
        help="address of a folder on another server to ask instead (or set THINSLICESR_MIRROR)",
    )
    add_progress(download)
    download.set_defaults(
        action=download_weights,
        when_cancelled="The download was cancelled; what has come is kept, and the next download goes on from there.",
    )

    importing = actions.add_parser(
        "import", help="copy a weights file, or a checkpoint of the published model, into your own folder"
    )
    importing.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="weights file (.safetensors) or published checkpoint (.pkl, .pth); code that it may hold is never run",
    )
    importing.add_argument(
        "--name", metavar="NAME", help="what to call the weights; by default as they are called in FILE"
    )
    importing.set_defaults(action=import_file)
    for action in (download, importing):
        action.add_argument(
            "--overwrite", action="store_true", help="replace other weights of that name in your own folder"
        )

    verify = actions.add_parser("verify", help="check that all weights are whole and can be loaded")
    verify.set_defaults(action=verify_weights)

    remove = actions.add_parser(
        "remove", help="remove weights from your own folder; those that came with ThinSliceSR stay"
    )
    remove.add_argument("name", metavar="NAME", help="of the weights, as `thinslicesr weights list` tells it")
    remove.set_defaults(action=remove_weights)

    for action in (listing, download, importing, verify):
        action.add_argument(
            "--registry",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="file of the form of manifest.json that registers further models (or set THINSLICESR_REGISTRY)",
        )

    untrained = actions.add_parser(
        "untrained", help="write weights that equal linear interpolation, the start of a training"
    )
    untrained.add_argument("file", type=Path, metavar="FILE", help="weights file to write (.safetensors)")
    untrained.add_argument(
        "--model", choices=("small", "base"), default="small", help="size of the network; small by default"
    )
    untrained.set_defaults(action=write_untrained)

    for action in actions.choices.values():
        action.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    arguments.action(arguments, reporter, undo)


def list_of_weights(models: Mapping[str, RegisteredModel], files: Sequence[WeightsFile]) -> dict[str, Any]:
    """What programs are told: the folders, the weights that are there, those that are registered, and auto's choices.

    automatic: the names that `auto` takes with a GPU (gpu) and without (cpu), null when none is there.
    """
    from ..weights.model_choice import automatic_files, weights_places

    there = {file.name for file in files if file.state == "registered"}
    names = [file.name for file in files]

    def automatic(on_gpu: bool) -> str | None:
        return next((name for file in automatic_files(on_gpu) if (name := Path(file).stem) in names), None)

    return {
        "folders": {place: str(folder) for place, folder in weights_places().items()},
        "weights": [{**asdict(file), "path": str(file.path)} for file in files],
        "registered": [{**asdict(model), "there": model.name in there} for model in models.values()],
        "automatic": {"gpu": automatic(True), "cpu": automatic(False)},
    }


def list_weights(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..weights.inventory import weights_files
    from ..weights.model_choice import weights_places
    from ..weights.registry import registered_models

    models = registered_models(arguments.registry)
    files = weights_files(models)
    if arguments.json:
        print(json.dumps(list_of_weights(models, files), indent=2))
        return
    there = {file.name for file in files if file.state == "registered"}
    for file in files:
        print(describe_file(file))
    for model in models.values():
        if model.name not in there:
            print(describe_missing(model))
    print("Weights are looked for in these folders, in this order:")
    for place, folder in weights_places().items():
        print(f"  {folder} ({PLACES[place]})")


def describe_file(file: WeightsFile) -> str:
    """One line of the list about weights that are there."""
    states = {
        "registered": "ready",
        "differs": "not the registered model of this name",
        "local": "ready, not a registered model",
        "damaged": "damaged, or no weights of ThinSliceSR",
    }
    remarks = [states[file.state]]
    if file.state != "damaged" and not file.trained:
        remarks.append("untrained, for tests only")
    if file.doubts:
        remarks.append("with doubt")
    if not file.used:
        remarks.append("not used, because another of this name is found first")
    return f"{file.name}  {file.bytes / 1e6:.1f} MB  {', '.join(remarks)}\n  {file.path} ({PLACES[file.place]})"


def describe_missing(model: RegisteredModel) -> str:
    """One line of the list about registered weights that are nowhere."""
    way = f"thinslicesr weights download {model.name}" if model.urls else "thinslicesr weights import FILE"
    return f"{model.name}  {model.bytes / 1e6:.1f} MB  not on this computer; get it with: {way}"


def download_weights(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..weights.download import download
    from ..weights.registry import registered_models

    models = registered_models(arguments.registry)
    if arguments.name not in models:
        known = f"choose one of: {', '.join(models)}" if models else "name a registry that has them (--registry)"
        raise WeightsError(f"No weights named {arguments.name} are registered; {known}.", "weights_unknown")
    path = download(models[arguments.name], reporter, undo, arguments.mirror, arguments.overwrite)
    reporter.finished(DownloadFinished({"weights": str(path)}))
    print(f"{arguments.name} is ready, in {path}")


def import_file(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..weights.registry import registered_models
    from ..weights.weights_file import load_model
    from ..weights.weights_import import import_weights

    path = import_weights(
        arguments.file, registered_models(arguments.registry), undo, arguments.name, arguments.overwrite
    )
    model = load_model(path)
    config = model.configuration
    print(
        f"{path}: {model.label}, {config.axis_layout} axis layout, trim {config.trim}; "
        f"use them with --weights {path.stem}"
    )


def verify_weights(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    """Raises WeightsError when any weights are wrong, so that the exit code tells."""
    from ..weights.inventory import problem_of, weights_files
    from ..weights.registry import registered_models

    files = weights_files(registered_models(arguments.registry))
    wrong = 0
    for file in files:
        problem = problem_of(file)
        wrong += problem is not None
        checked = "by its SHA-256 the registered one, and it loads" if file.state == "registered" else "it loads"
        print(f"wrong: {problem}" if problem else f"right: {file.path} ({checked})")
    if wrong:
        raise WeightsError(f"{wrong} of {len(files)} weights files are wrong; see above what to do.", "weights_damaged")
    if not files:
        print("There are no weights to verify.")


def remove_weights(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..weights.inventory import remove_from_own_folder
    from ..weights.registry import checked_model_name

    for path in remove_from_own_folder(checked_model_name(arguments.name), undo):
        print(f"Removed {path}.")


def write_untrained(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..network.configuration import BASE, SMALL
    from ..weights.weights_file import save_weights, untrained_network

    if arguments.file.exists():
        raise CannotWrite(f"{arguments.file} exists; give another name.")
    network = untrained_network(BASE if arguments.model == "base" else SMALL)
    save_weights(arguments.file, network, f"cthnet-{arguments.model}-untrained", trained=False, undo=undo)
    print(f"{arguments.file}: untrained weights of size {arguments.model}, which interpolate linearly.")
