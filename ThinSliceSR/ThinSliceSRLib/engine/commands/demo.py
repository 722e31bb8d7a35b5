"""show the main job: on a phantom with its true thin slices, or on your own scan"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..progress import Reporter
from .synthesize import add_model_arguments

NAME = "demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", type=Path, metavar="FILE", help="your own thick volume or DICOM folder")
    parser.add_argument("--series", metavar="SERIES", help="DICOM series: its UID, number or a part of its description")
    parser.add_argument("--output", type=Path, default=Path("demo"), metavar="FOLDER", help="where results are written")
    parser.add_argument("--seed", type=int, default=0, help="of the phantom")
    add_model_arguments(parser)
    parser.add_argument("--progress", choices=("bar", "none"), help="bar: default on a terminal")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..demonstration import demonstrate, scan_phantom
    from ..job import Job

    arguments.output.mkdir(parents=True, exist_ok=True)
    scan = None if arguments.input else scan_phantom(arguments.output, arguments.seed, undo)
    job = Job(
        source=scan.thick if scan else arguments.input,
        output=arguments.output / "dls.nrrd",
        bicubic=arguments.output / "bis.nrrd",
        series=arguments.series,
        weights=arguments.weights,
        device=arguments.device,
        precision=arguments.precision,
        overwrite=True,
    )
    print(demonstrate(job, scan, arguments.output / "comparison.png", reporter, undo))
