"""show the main job: on a phantom with its true thin slices, or on your own scan"""

from __future__ import annotations

import argparse
import importlib.util
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ..errors import CannotWrite, MissingLibrary
from ..events.progress import Reporter, tell
from ..outputs.file_names import file_name_of, short_hash
from ..outputs.new_folder import make_folder
from ..run.options import ModelOptions, RunOptions, SliceOptions, SynthesisOptions
from .option_arguments import INPUT_HELP, add_options, options_of, whole_number

NAME = "demo"
SUFFIXES = (".nii.gz", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd")
RESULT_FILES = ("dls.nrrd", "bis.nrrd", "comparison.png")
PHANTOM_FILES = ("thick.nrrd", "truth.nrrd")
WHEN_CANCELLED = "The demonstration was cancelled; what it had finished by then is whole and stays in its folder."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", type=Path, metavar="FILE", help=f"your own thick {INPUT_HELP}")
    add_options(parser, "series")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="where the results are written; by default a folder of each input's own in demo",
    )
    parser.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        help="number from which the phantom is drawn: another number draws another chest; 0 by default",
    )
    add_options(parser, ModelOptions, SliceOptions)
    parser.add_argument("--overwrite", action="store_true", help="replace the results of a former demonstration")
    parser.add_argument(
        "--progress",
        choices=("bar", "none"),
        help="what is told meanwhile: a bar (the default on a terminal), or nothing but warnings",
    )


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..run.demonstration import demonstrate, scan_phantom
    from ..run.job import Job
    from ..run.sensible_options import require_sensible

    require_sensible(SynthesisOptions(**options_of(arguments, SynthesisOptions)))
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingLibrary("Pictures need matplotlib; install it with: pip install matplotlib", "no_matplotlib")
    folder = arguments.output or Path("demo") / _name_of(arguments.input, arguments.seed)
    _require_free(folder, arguments.input, arguments.overwrite)
    with ExitStack() as empty_folders:
        undo.callback(empty_folders.close)
        make_folder(folder, empty_folders)
        scan = None if arguments.input else scan_phantom(folder, arguments.seed, undo)
        job = Job(
            source=scan.thick if scan else arguments.input,
            output=folder / "dls.nrrd",
            bicubic=folder / "bis.nrrd",
            overwrite=arguments.overwrite,
            **options_of(arguments, RunOptions),
        )
        if scan:  # whose values are HU
            job = replace(job, values=None)
        tell(demonstrate(job, scan, folder / "comparison.png", reporter, undo))


def _name_of(source: Path | None, seed: int) -> str:
    """The name of the folder of an input. Folders and ZIP files are often called after patients: a hash."""
    if source is None:
        return f"phantom-{seed}" if seed else "phantom"
    place = source.resolve()
    suffix = next((suffix for suffix in SUFFIXES if place.name.lower().endswith(suffix)), "")
    return file_name_of(place.name[: -len(suffix)]) if suffix else f"scan-{short_hash(str(place))}"


def _require_free(folder: Path, source: Path | None, overwrite: bool) -> None:
    """Returns when the results of this input can lie in the folder, and none of another one beside them.

    Raises CannotWrite (`target_exists`).
    """
    if overwrite:
        others = [name for name in PHANTOM_FILES if source is not None and (folder / name).exists()]
        if others:
            raise CannotWrite(
                f"{folder} holds the phantom's {others[0]}, which is not of this input; choose another folder "
                "(--output).",
                "target_exists",
            )
        return
    for name in (*RESULT_FILES, *PHANTOM_FILES):
        if (folder / name).exists():
            raise CannotWrite(
                f"{folder / name} exists; allow overwriting (--overwrite) or choose another folder (--output).",
                "target_exists",
            )
