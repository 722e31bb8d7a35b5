"""make DICOM series of DLS and BIS volumes, in the study of the series that they were made from"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..events.progress import Reporter, tell
from .option_arguments import add_options, add_progress

NAME = "export"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "volumes",
        type=Path,
        nargs="+",
        metavar="VOLUME",
        help="DLS, BIS or doubt volume (this one beside its DLS volume) as `synthesize` wrote it, as .nrrd or .mha",
    )
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="where the series are written, as FOLDER/DLS, FOLDER/BIS and FOLDER/DOUBT",
    )
    parser.add_argument(
        "--source",
        type=Path,
        required=True,
        metavar="INPUT",
        help="the DICOM files that they were made from: a folder or a ZIP file",
    )
    add_options(parser, "series", "dicom_compression", "anonymous")
    add_progress(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the series of a former run")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..dicom_out.export import export_results
    from ..dicom_out.pending_series import DicomOutput

    output = DicomOutput(arguments.folder, arguments.dicom_compression, arguments.anonymous)
    finished = export_results(
        arguments.volumes, arguments.source, output, reporter, undo, arguments.series, arguments.overwrite
    )
    kinds = ", ".join(finished.series)
    tell(f"{arguments.folder}: new DICOM series ({kinds}), {finished.seconds} s; each says that it is synthetic.")
