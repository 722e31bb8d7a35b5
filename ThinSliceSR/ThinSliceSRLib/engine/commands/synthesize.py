"""make the DLS volume (synthetic thin slices) of a thick-slice chest CT"""

from __future__ import annotations

import argparse
import math
from contextlib import ExitStack
from pathlib import Path

from ..errors import UnusableInput
from ..progress import Reporter, tell

NAME = "synthesize"
INPUT_HELP = "volume: NRRD, NIfTI, MetaImage, or a folder or ZIP file of DICOM files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="INPUT", help=f"thick {INPUT_HELP}")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="DLS volume to write: .nrrd, .nii, .nii.gz, .mha")
    parser.add_argument(
        "--bicubic", type=Path, metavar="FILE", help="also write the BIS volume (bicubic interpolation)"
    )
    parser.add_argument(
        "--dicom-out",
        type=Path,
        metavar="FOLDER",
        help="of a DICOM series: also make DICOM series in its study, in FOLDER/DLS and, with --bicubic, FOLDER/BIS",
    )
    parser.add_argument(
        "--anonymous",
        action="store_true",
        help="leave the patient's identity out of the DICOM series (PS3.15 Basic Profile; pixels stay as they are)",
    )
    parser.add_argument("--series", metavar="SERIES", help="DICOM series: its UID, number or a part of its description")
    add_model_arguments(parser)
    add_result_arguments(parser)
    parser.add_argument(
        "--first-at", type=finite_number, default=0.0, metavar="MM", help="begin at this distance from the first slice"
    )
    parser.add_argument(
        "--preview", type=Path, metavar="FILE", help="show finished slices here meanwhile (.nhdr, its .raw beside it)"
    )
    parser.add_argument(
        "--skip-air",
        choices=("on", "off"),
        default="on",
        help="interpolate the air around the body instead of synthesising it (published tiling never does)",
    )
    parser.add_argument("--progress", choices=("bar", "json", "none"), help="bar: default on a terminal")
    parser.add_argument("--overwrite", action="store_true", help="replace existing outputs")


def finite_number(text: str) -> float:
    """An argument that must be a number of millimetres."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose model, device and precision."""
    parser.add_argument("--weights", default="auto", metavar="NAME|FILE", help="auto: base on a GPU, small on a CPU")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda[:N]|xpu[:N]|mps", help="where to compute")
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bf16", "fp16"), default="auto", help="of the network"
    )


def add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose how results are made and written."""
    parser.add_argument(
        "--spacing", choices=("native", "1.0"), default="native", help="a fifth of the thick spacing, or exactly 1 mm"
    )
    parser.add_argument(
        "--tiling",
        choices=("overlapped", "published"),
        default="overlapped",
        help="how cubes lie: blended where they overlap, or side by side, where small volumes are padded",
    )
    parser.add_argument(
        "--slab-consistency",
        choices=("auto", "on", "off"),
        default="auto",
        help="make the mean of each synthesised slab equal its thick slice; auto: unless slices overlap or have gaps",
    )
    parser.add_argument(
        "--dicom-compression",
        choices=("none", "rle", "jpeg2000"),
        default="none",
        help="of the DICOM series, without loss; jpeg2000 needs pylibjpeg-openjpeg",
    )
    parser.add_argument("--uncompressed", action="store_true", help="outputs are written faster, but are larger")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..dicom_out.pending_series import DicomOutput
    from ..job import Job, run_job
    from ..synthesis.tiling import OVERLAPPED, PUBLISHED_TILING

    if (arguments.anonymous or arguments.dicom_compression != "none") and not arguments.dicom_out:
        raise UnusableInput("--anonymous and --dicom-compression need --dicom-out; name its folder.", "wrong_usage")
    dicom_out = None
    if arguments.dicom_out:
        dicom_out = DicomOutput(arguments.dicom_out, arguments.dicom_compression, arguments.anonymous)
    job = Job(
        source=arguments.input,
        output=arguments.output,
        bicubic=arguments.bicubic,
        dicom_out=dicom_out,
        series=arguments.series,
        weights=arguments.weights,
        device=arguments.device,
        precision=arguments.precision,
        spacing_mm=None if arguments.spacing == "native" else float(arguments.spacing),
        first_at_mm=arguments.first_at,
        preview=arguments.preview,
        overwrite=arguments.overwrite,
        compressed=not arguments.uncompressed,
        tiling=OVERLAPPED if arguments.tiling == "overlapped" else PUBLISHED_TILING,
        skip_air=arguments.skip_air == "on",
        slab_consistent={"auto": None, "on": True, "off": False}[arguments.slab_consistency],
    )
    outcome = run_job(job, reporter, undo)
    tell(
        f"{arguments.output}: DLS (synthetic) by {outcome.model.label}, {outcome.facts['seconds']} s, "
        f"mean slab error {outcome.facts['slab_error_hu']['mean']} HU"
    )
