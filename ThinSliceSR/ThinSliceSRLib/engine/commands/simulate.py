"""make the thick volume that a scanner would have stored instead of a thin one"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..events.progress import Reporter, tell
from .option_arguments import INPUT_HELP, add_options, finite_number

NAME = "simulate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("thin", type=Path, metavar="THIN", help=f"thin {INPUT_HELP}")
    parser.add_argument("thick", type=Path, metavar="THICK", help="thick volume to write: .nrrd, .nii, .nii.gz or .mha")
    add_options(parser, "series")
    parser.add_argument(
        "--slab-mm", type=finite_number, default=5.0, metavar="MM", help="how thick the thick slices are, 5 by default"
    )
    parser.add_argument(
        "--spacing-mm",
        type=finite_number,
        metavar="MM",
        help="how far apart they are: as far as they are thick by default, less where they overlap, more with gaps",
    )
    parser.add_argument(
        "--profile",
        choices=("box", "bell"),
        default="box",
        help="how a thick slice weighs what it averages: all alike (box, the default), or the middle most and some of "
        "what lies beyond its thickness (bell), as many scanners do",
    )
    add_options(parser, "values")
    parser.add_argument("--overwrite", action="store_true", help="replace THICK if it is there already")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    from ..files.reading import read_volume
    from ..files.writing import PendingOutputs, check_targets
    from ..findings.checked_volume import fit_volume
    from ..provenance import simulated_thick_header
    from ..synthesis.simulation import simulate_thick
    from ..volumes.slab_profile import SlabProfile
    from ..volumes.slice_thickness import require_millimetres
    from ..volumes.value_scale import in_hu

    require_millimetres("--slab-mm", arguments.slab_mm)
    require_millimetres("--spacing-mm", arguments.spacing_mm)
    spacing_mm = arguments.slab_mm if arguments.spacing_mm is None else arguments.spacing_mm
    profile = SlabProfile(arguments.slab_mm, spacing_mm, bell=float(arguments.profile == "bell"))
    check_targets([arguments.thick], arguments.overwrite, source=arguments.thin)
    thin, _ = fit_volume(in_hu(read_volume(arguments.thin, arguments.series, undo), arguments.values), may_be_thin=True)
    thick = simulate_thick(thin, profile)
    with PendingOutputs(arguments.overwrite) as outputs:
        undo.callback(outputs.cancel)
        outputs.write(thick, arguments.thick, simulated_thick_header(profile))
    slices = thick.size[thick.through_plane_axis]
    tell(
        f"{arguments.thick}: {slices} simulated slices of {profile.thickness_mm:g} mm every {profile.spacing_mm:g} mm."
    )
    if arguments.thick.name.lower().endswith((".nii", ".nii.gz")) and profile.overlap != 1:
        tell(f"NIfTI does not tell how thick slices are; give --slab-mm {profile.thickness_mm:g} with this volume.")
