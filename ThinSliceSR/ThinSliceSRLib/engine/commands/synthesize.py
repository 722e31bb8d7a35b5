"""make the DLS volume (synthetic thin slices) of a thick-slice chest CT"""

from __future__ import annotations

import argparse
import math
from contextlib import ExitStack
from pathlib import Path

from ..errors import UnusableInput
from ..events.progress import Reporter, tell

NAME = "synthesize"
INPUT_HELP = "volume: NRRD, NIfTI, MetaImage, or a folder or ZIP file of DICOM files"
SLAB_HELP = (
    "how thick the slices are, whatever the file says: the width over which each averages, which is not how far apart "
    "they are"
)
VALUES_HELP = (
    "on which scale the values are stored: unit (0 to 1 for -1024 to 2048 HU), offset (HU + 1024), or hu, whatever "
    "they look like; by default they are HU, and what cannot be HU is refused"
)
SERIES_HELP = "which DICOM series of the input to take: its UID, its number or a part of its description"
COMPRESSION_HELP = "compress the DICOM series without loss; jpeg2000 needs the package pylibjpeg-openjpeg"
ANONYMOUS_HELP = (
    "leave the patient's identity out of the DICOM series (Basic Profile of DICOM PS3.15; pixels stay as they are)"
)
PROGRESS_HELP = (
    "what is told meanwhile: a bar (the default on a terminal), JSON events for programs, or nothing but warnings"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="INPUT", help=f"thick {INPUT_HELP}")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="DLS volume to write: .nrrd, .nii, .nii.gz or .mha")
    parser.add_argument(
        "--bicubic", type=Path, metavar="FILE", help="also write the BIS volume (bicubic interpolation)"
    )
    parser.add_argument(
        "--doubt",
        type=Path,
        metavar="FILE",
        help="also write the doubt volume, of models with doubt: the absolute error in HU that is expected in each "
        "voxel of OUTPUT",
    )
    parser.add_argument(
        "--difference",
        type=Path,
        metavar="FILE",
        help="also write what the network added: DLS minus BIS in HU, on the grid of the DLS volume",
    )
    parser.add_argument(
        "--dicom-out",
        type=Path,
        metavar="FOLDER",
        help="of DICOM input: also make DICOM series in its study, in FOLDER/DLS and, with --bicubic, FOLDER/BIS; "
        "with --doubt, a Parametric Map in FOLDER/DOUBT, which needs the package highdicom",
    )
    parser.add_argument("--anonymous", action="store_true", help=ANONYMOUS_HELP)
    parser.add_argument("--series", metavar="SERIES", help=SERIES_HELP)
    add_model_arguments(parser)
    add_slice_arguments(parser)
    add_result_arguments(parser)
    parser.add_argument("--force", action="store_true", help="also of slices that are thin already")
    parser.add_argument(
        "--first-at",
        type=finite_number,
        default=0.0,
        metavar="MM",
        help="make those thin slices first that lie at this distance from the first slice",
    )
    parser.add_argument(
        "--preview",
        type=Path,
        metavar="FILE",
        help="new file (.nhdr, with a .raw beside it) in which finished thin slices can be looked at meanwhile",
    )
    parser.add_argument(
        "--skip-air",
        choices=("on", "off"),
        default="on",
        help="on (the default): interpolate the air around the body, which is faster; off: synthesise it too, as "
        "--tiling published always does",
    )
    parser.add_argument("--progress", choices=("bar", "json", "none"), help=PROGRESS_HELP)
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that are there already")


def finite_number(text: str) -> float:
    """An argument that must be a number of millimetres."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text} is no number of millimetres")
    return number


def whole_number(text: str) -> int:
    """An argument that must be a whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no whole number") from error


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose model, device and precision."""
    parser.add_argument(
        "--weights",
        default="auto",
        metavar="NAME|FILE",
        help="the model: a name that `thinslicesr weights list` tells, or a .safetensors file; auto (the default) "
        "takes base on a GPU and small on a CPU, or the one of them that is there",
    )
    parser.add_argument(
        "--device",
        default="auto",
        metavar="auto|cpu|cuda[:N]|xpu[:N]|mps",
        help="where to compute: cpu, cuda (GPUs of NVIDIA or AMD), xpu (Intel) or mps (Apple), as `thinslicesr "
        "devices` lists them; auto (the default) takes a GPU if there is one",
    )
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bf16", "fp16"),
        default="auto",
        help="how exactly the network computes: float32 (32 bit) most exactly, bf16 and fp16 (16 bit) faster where the "
        "device is made for it; auto (the default) takes the fastest that the device is made for",
    )
    parser.add_argument(
        "--threads",
        default="auto",
        metavar="auto|N",
        help="how many threads compute on a CPU, of a batch for each worker; auto (the default): one per core",
    )


def add_slice_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments on thick slices and thin ones."""
    parser.add_argument("--slab-mm", type=finite_number, metavar="MM", help=SLAB_HELP)
    parser.add_argument("--values", choices=("hu", "unit", "offset"), help=VALUES_HELP)
    parser.add_argument(
        "--spacing",
        default="auto",
        metavar="auto|native|MM",
        help="how far apart the thin slices lie: a number of mm, a fifth of the thick ones' distance (native), or 1 mm "
        "unless that fifth lies between 0.9 and 1.1 mm (auto, the default)",
    )


def add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose how results are made and written."""
    parser.add_argument(
        "--tiling",
        choices=("overlapped", "published"),
        default="overlapped",
        help="how the cubes lie, the pieces of the volume that the network sees: overlapping and blended (the "
        "default), or side by side as in the published program",
    )
    parser.add_argument(
        "--quality",
        choices=("standard", "best"),
        default="standard",
        help="best: the mean of what the model makes of each cube and of its seven mirror images, which is nearer to "
        "the truth and takes eight times as long; standard (the default) asks it once",
    )
    parser.add_argument(
        "--slab-consistency",
        choices=("auto", "on", "off"),
        default="auto",
        help="change the thin slices as little as their weighted means need to equal the thick ones (auto, the default,"
        " and on), or leave them as the network made them (off)",
    )
    parser.add_argument(
        "--dicom-compression",
        choices=("none", "rle", "jpeg2000"),
        default="none",
        help=COMPRESSION_HELP,
    )
    parser.add_argument(
        "--uncompressed", action="store_true", help="write the volumes uncompressed: faster, but larger"
    )


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    reporter.progress("start", 0, 1)  # what is needed from here on takes seconds to be read
    from ..dicom_out.pending_series import DicomOutput
    from ..run.job import Job, run_job
    from ..synthesis.tiling import OVERLAPPED, PUBLISHED_TILING
    from ..volumes.description import described

    if (arguments.anonymous or arguments.dicom_compression != "none") and not arguments.dicom_out:
        raise UnusableInput("--anonymous and --dicom-compression need --dicom-out; name its folder.", "wrong_usage")
    dicom_out = None
    if arguments.dicom_out:
        dicom_out = DicomOutput(arguments.dicom_out, arguments.dicom_compression, arguments.anonymous)
    job = Job(
        source=arguments.input,
        output=arguments.output,
        bicubic=arguments.bicubic,
        doubt=arguments.doubt,
        difference=arguments.difference,
        dicom_out=dicom_out,
        series=arguments.series,
        slab_mm=arguments.slab_mm,
        values=arguments.values,
        force=arguments.force,
        weights=arguments.weights,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
        spacing=arguments.spacing,
        first_at_mm=arguments.first_at,
        preview=arguments.preview,
        overwrite=arguments.overwrite,
        compressed=not arguments.uncompressed,
        tiling=OVERLAPPED if arguments.tiling == "overlapped" else PUBLISHED_TILING,
        skip_air=arguments.skip_air == "on",
        slab_consistent=arguments.slab_consistency != "off",
        quality=arguments.quality,
    )
    reporter.progress("start", 1, 1)
    outcome = run_job(job, reporter, undo)
    told = {
        "dls": "the DLS volume",
        "bis": "the BIS volume",
        "doubt": "the error in HU that is expected in each voxel of the DLS volume",
        "difference": "DLS minus BIS",
        "dicom": "the same as DICOM series",
    }
    for kind, place in outcome.facts["outputs"].items():
        tell(f"{place}: {told[kind]} (synthetic, for research only)")
    tell(f"Read: {described(outcome.thick)}")
    tell(f"Made: {described(outcome.dls)}")
    tell(
        f"Made by {outcome.model.label} in {outcome.facts['seconds']} s; averaged again, the DLS slices differ from "
        f"the thick ones by {outcome.facts['slab_error_hu']['mean']} HU on average (the slab error)."
    )
