"""make DICOM series of DLS and BIS volumes, in the study of the series that they were made from"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..progress import Reporter, tell

NAME = "export"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "volumes",
        type=Path,
        nargs="+",
        metavar="VOLUME",
        help="DLS or BIS volume as `synthesize` wrote it: .nrrd, .mha",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="for the series: FOLDER/DLS and FOLDER/BIS")
    parser.add_argument(
        "--source", type=Path, required=True, metavar="INPUT", help="the DICOM series that they were made from"
    )
    parser.add_argument("--series", metavar="SERIES", help="DICOM series: its UID, number or a part of its description")
    parser.add_argument(
        "--dicom-compression",
        choices=("none", "rle", "jpeg2000"),
        default="none",
        help="without loss; jpeg2000 needs pylibjpeg-openjpeg",
    )
    parser.add_argument(
        "--anonymous",
        action="store_true",
        help="leave the patient's identity out (PS3.15 Basic Profile; pixels stay as they are)",
    )
    parser.add_argument("--progress", choices=("bar", "json", "none"), help="bar: default on a terminal")
    parser.add_argument("--overwrite", action="store_true", help="replace the series of a former run")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..dicom_out.export import export_results
    from ..dicom_out.pending_series import DicomOutput

    output = DicomOutput(arguments.folder, arguments.dicom_compression, arguments.anonymous)
    facts = export_results(
        arguments.volumes, arguments.source, output, reporter, undo, arguments.series, arguments.overwrite
    )
    tell(f"{arguments.folder}: DICOM series {', '.join(facts['series'])}, {facts['seconds']} s")
