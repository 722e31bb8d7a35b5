"""make the thick volume that a scanner would have stored instead of a thin one"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..errors import UnusableInput
from ..progress import Reporter, tell
from .synthesize import INPUT_HELP, SERIES_HELP

NAME = "simulate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("thin", type=Path, metavar="THIN", help=f"thin {INPUT_HELP}")
    parser.add_argument("thick", type=Path, metavar="THICK", help="thick volume to write: .nrrd, .nii, .nii.gz or .mha")
    parser.add_argument("--series", metavar="SERIES", help=SERIES_HELP)
    parser.add_argument(
        "--slab-mm",
        type=float,
        default=5.0,
        metavar="MM",
        help="thickness and distance of the thick slices, 5 by default",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace THICK if it is there already")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..provenance import simulated_thick_header
    from ..synthesis.slab import simulate_thick
    from ..volumes.findings import check_volume
    from ..volumes.reading import read_volume
    from ..volumes.writing import PendingOutputs, check_targets

    check_targets([arguments.thick], arguments.overwrite, source=arguments.thin)
    thin = read_volume(arguments.thin, arguments.series, undo)
    for finding in check_volume(thin):
        if finding.level == "error" and finding.code != "already_thin":
            raise UnusableInput(finding.message, finding.code)
    thick = simulate_thick(thin, arguments.slab_mm)
    with PendingOutputs(arguments.overwrite) as outputs:
        undo.callback(outputs.cancel)
        outputs.write(thick, arguments.thick, simulated_thick_header(arguments.slab_mm))
    tell(f"{arguments.thick}: {thick.size[thick.through_plane_axis]} simulated slices of {arguments.slab_mm:g} mm.")
