"""show the main job: on a phantom with its true thin slices, or on your own scan"""

from __future__ import annotations

import argparse
import importlib.util
from contextlib import ExitStack
from pathlib import Path

from ..errors import CannotWrite, ThinSliceError
from ..progress import Reporter, tell
from .synthesize import INPUT_HELP, SERIES_HELP, add_model_arguments, add_slice_arguments

NAME = "demo"
WHEN_CANCELLED = "The demonstration was cancelled; what it had finished by then is whole and stays in its folder."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", type=Path, metavar="FILE", help=f"your own thick {INPUT_HELP}")
    parser.add_argument("--series", metavar="SERIES", help=SERIES_HELP)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo"),
        metavar="FOLDER",
        help="where the results are written; demo by default",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="number from which the phantom is drawn: another number draws another chest; 0 by default",
    )
    add_model_arguments(parser)
    add_slice_arguments(parser)
    parser.add_argument(
        "--progress",
        choices=("bar", "none"),
        help="what is told meanwhile: a bar (the default on a terminal), or nothing but warnings",
    )


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..demonstration import demonstrate, scan_phantom
    from ..job import Job
    from ..synthesis.thin_spacing import require_spacing
    from ..volumes.slice_thickness import require_millimetres

    require_millimetres("--slab-mm", arguments.slab_mm)
    require_spacing(arguments.spacing)
    if importlib.util.find_spec("matplotlib") is None:
        raise ThinSliceError("Pictures need matplotlib; install it with: pip install matplotlib", "no_matplotlib")
    try:
        arguments.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"The folder {arguments.output} cannot be made ({error.strerror}); choose another."
        ) from error
    scan = None if arguments.input else scan_phantom(arguments.output, arguments.seed, undo)
    job = Job(
        source=scan.thick if scan else arguments.input,
        output=arguments.output / "dls.nrrd",
        bicubic=arguments.output / "bis.nrrd",
        series=arguments.series,
        slab_mm=arguments.slab_mm,
        values=arguments.values if arguments.input else None,
        spacing=arguments.spacing,
        weights=arguments.weights,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
        overwrite=True,
    )
    tell(demonstrate(job, scan, arguments.output / "comparison.png", reporter, undo))
