"""make the DLS volume (synthetic thin slices) of a thick-slice chest CT"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..errors import UnusableInput
from ..events.progress import Reporter, tell
from ..run.options import ModelOptions, ResultOptions, RunOptions, SliceOptions
from .option_arguments import INPUT_HELP, add_options, add_progress, options_of

NAME = "synthesize"


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
    add_options(parser, "anonymous", "series", ModelOptions, SliceOptions, ResultOptions, "force", "first_at_mm")
    parser.add_argument(
        "--preview",
        type=Path,
        metavar="FILE",
        help="new file (.nhdr, with a .raw beside it) in which finished thin slices can be looked at meanwhile",
    )
    add_options(parser, "skip_air")
    add_progress(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that are there already")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    reporter.progress("start", 0, 1)  # what is needed from here on takes seconds to be read
    from ..torch_loading import load_torch_beside

    load_torch_beside()
    from ..run.job import Job, run_job
    from ..volumes.description import described

    if (arguments.anonymous or arguments.dicom_compression != "none") and not arguments.dicom_out:
        raise UnusableInput("--anonymous and --dicom-compression need --dicom-out; name its folder.", "wrong_usage")
    job = Job(
        source=arguments.input,
        output=arguments.output,
        bicubic=arguments.bicubic,
        doubt=arguments.doubt,
        difference=arguments.difference,
        dicom_out=arguments.dicom_out,
        preview=arguments.preview,
        overwrite=arguments.overwrite,
        **options_of(arguments, RunOptions),
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
    for kind, place in outcome.finished.outputs.items():
        tell(f"{place}: {told[kind]} (synthetic, for research only)")
    tell(f"Read: {described(outcome.thick)}")
    tell(f"Made: {described(outcome.dls)}")
    tell(
        f"Made by {outcome.model.label} in {outcome.finished.seconds} s; averaged again, the DLS slices differ from "
        f"the thick ones by {outcome.finished.slab_error_hu.mean} HU on average (the slab error)."
    )
