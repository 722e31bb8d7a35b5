"""draw the chest phantom, which is no patient, in thick slices"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..errors import UnusableInput
from ..events.progress import Reporter, tell
from .option_arguments import add_progress, whole_number

NAME = "phantom"
LEAST_SLICES = 6
MOST_SLICES = 1000
PIXELS = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("thick", type=Path, metavar="THICK", help="thick volume to write: .nrrd, .nii, .nii.gz or .mha")
    parser.add_argument(
        "--thin-slices",
        type=whole_number,
        default=131,
        metavar="N",
        help="of how many slices of 1 mm those of 5 mm are averaged; 131 by default, as in the demonstration",
    )
    parser.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        help="number from which it is drawn: another draws another chest; 0 by default",
    )
    add_progress(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace THICK if it is there already")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..files.writing import PendingOutputs, check_targets
    from ..phantom.chest import chest_phantom
    from ..provenance import simulated_thick_header
    from ..synthesis.simulation import simulate_thick
    from ..volumes.slab_profile import SlabProfile

    if not LEAST_SLICES <= arguments.thin_slices <= MOST_SLICES:
        raise UnusableInput(
            f"--thin-slices must lie between {LEAST_SLICES} and {MOST_SLICES}; give another number.", "wrong_usage"
        )
    if arguments.seed < 0:
        raise UnusableInput("--seed must not be negative; give another number.", "wrong_usage")
    check_targets([arguments.thick], arguments.overwrite)
    slabs = SlabProfile(thickness_mm=5.0, spacing_mm=5.0)
    size = (PIXELS, PIXELS, arguments.thin_slices)
    reporter.progress("draw", 0, arguments.thin_slices)
    thin = chest_phantom(
        size=size,
        seed=arguments.seed,
        on_slices=lambda done: reporter.progress("draw", done, arguments.thin_slices),
    )
    thick = simulate_thick(thin, slabs)
    with PendingOutputs(arguments.overwrite) as outputs:
        undo.callback(outputs.cancel)
        outputs.write(thick, arguments.thick, simulated_thick_header(slabs))
    tell(f"{arguments.thick}: the chest phantom, which is no patient, in {len(thick.hu)} slices of 5 mm.")
