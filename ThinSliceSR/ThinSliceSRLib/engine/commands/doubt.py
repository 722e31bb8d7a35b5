"""list the places in the lungs where the DLS volume may be wrong"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Cancelled, UnusableInput
from ..events.progress import Reporter, tell
from ..events.told import PlacesFinished
from ..run.options import ModelOptions, RunOptions, SliceOptions
from .option_arguments import INPUT_HELP, add_options, add_progress, finite_number, options_of

if TYPE_CHECKING:
    from ..doubt.structures import Structure
    from ..volumes.volume import Volume

NAME = "doubt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A place is where something of 2 to 10 mm stands in DLS and not in BIS, or in BIS alone, and the model with "
        "doubt expects a large error. What is not listed is not proven."
    )
    parser.add_argument(
        "input",
        nargs="?",
        type=Path,
        metavar="INPUT",
        help=f"thick {INPUT_HELP}; not looked at where the volumes made of it are given",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the list to this file, .json or .csv")
    parser.add_argument("--json", action="store_true", help="print the list as one JSON object")
    parser.add_argument(
        "--dicom-out",
        type=Path,
        metavar="FOLDER",
        help="of DICOM input: also make in its study the series FOLDER/DLS and FOLDER/BIS, a Parametric Map in "
        "FOLDER/DOUBT and, of the places, a structured report in FOLDER/REPORT; needs the package highdicom",
    )
    parser.add_argument("--dls", type=Path, metavar="FILE", help="DLS volume that `synthesize` has made before")
    parser.add_argument("--bicubic", type=Path, metavar="FILE", help="BIS volume that it has made with it")
    parser.add_argument("--doubt", type=Path, metavar="FILE", help="doubt volume that it has made with it")
    parser.add_argument(
        "--least-doubt",
        type=finite_number,
        metavar="HU",
        help="list places from this expected error on; a higher one makes the list shorter",
    )
    add_options(parser, "series", ModelOptions, SliceOptions, "force", "anonymous", "dicom_compression")
    add_progress(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace an output that is there already")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    reporter.progress("start", 0, 1)  # what is needed from here on takes seconds to be read
    from ..doubt.structure_list import as_json, as_text, list_file, require_list_name
    from ..doubt.structures import LEAST_DOUBT_HU, find_structures
    from ..files.writing import check_places
    from ..outputs.replacing import PendingFiles

    began = time.monotonic()
    output = arguments.output
    if output:
        require_list_name(output)
        check_places([output], arguments.overwrite)
    made = [path for path in (arguments.dls, arguments.bicubic, arguments.doubt) if path]
    if len(made) not in (0, 3) or not (made or arguments.input):
        raise UnusableInput(
            "INPUT is needed, or all three of --dls, --bicubic and --doubt; see thinslicesr doubt --help.",
            "wrong_usage",
        )
    _require_dicom_out(arguments, bool(made))
    reporter.progress("start", 1, 1)
    least_hu = LEAST_DOUBT_HU if arguments.least_doubt is None else arguments.least_doubt
    if made:
        volumes = _read(made)
        reporter.progress("places", 0, 1)
        structures = find_structures(*volumes, least_doubt_hu=least_hu)
        if output:
            with PendingFiles() as files:
                undo.callback(files.cancel)
                files.write_text(list_file(structures, output), output)
                check_places([output], arguments.overwrite)
    else:
        structures = _places_of_input(arguments, least_hu, reporter, undo)
    outputs = {"places": output, "dicom": arguments.dicom_out}
    with suppress(Cancelled):  # the list stands
        reporter.progress("places", 1, 1)
        reporter.finished(
            PlacesFinished(
                seconds=round(time.monotonic() - began, 1),
                outputs={kind: str(path) for kind, path in outputs.items() if path},
                places=[structure.facts() for structure in structures],
            )
        )
    tell(as_json(structures).rstrip() if arguments.json else as_text(structures))
    if output and not arguments.json:
        tell(f"{output}: the same as a table for programs")
    if arguments.dicom_out and not arguments.json:
        report = "and the places as a structured report" if structures else "and no report, as there are no places"
        tell(f"{arguments.dicom_out}: DLS, BIS and doubt as DICOM series, {report} (synthetic, for research only)")


def _require_dicom_out(arguments: argparse.Namespace, made: bool) -> None:
    """Returns when DICOM output is not wanted, or can be made. Raises UnusableInput (`wrong_usage`)."""
    if made and arguments.dicom_out:
        raise UnusableInput(
            "A report belongs to the study of a DICOM input; give its folder as INPUT, without --dls, --bicubic and "
            "--doubt, or leave out --dicom-out.",
            "wrong_usage",
        )
    if (arguments.anonymous or arguments.dicom_compression != "none") and not arguments.dicom_out:
        raise UnusableInput("--anonymous and --dicom-compression need --dicom-out; name its folder.", "wrong_usage")


def _read(paths: list[Path]) -> tuple[Volume, Volume, Volume]:
    from ..files.reading import read_volume

    dls, bis, doubt = (read_volume(path) for path in paths)
    return dls, bis, doubt


def _places_of_input(
    arguments: argparse.Namespace, least_doubt_hu: float, reporter: Reporter, undo: ExitStack
) -> list[Structure]:
    """The places of the input. The files of its volumes are there meanwhile only, in a folder of the user's own."""
    from ..torch_loading import load_torch_beside

    load_torch_beside()
    from ..run.job import Job, make_volumes

    folder = Path(tempfile.mkdtemp(prefix="thinslicesr-"))
    undo.callback(shutil.rmtree, folder, ignore_errors=True)
    job = Job(
        source=arguments.input,
        output=folder / "dls.nrrd",
        bicubic=folder / "bis.nrrd",
        doubt=folder / "doubt.nrrd",
        dicom_out=arguments.dicom_out,
        least_doubt_hu=least_doubt_hu,
        places=arguments.output,
        compressed=False,
        overwrite=arguments.overwrite,
        **options_of(arguments, RunOptions),
    )
    try:
        outcome = make_volumes(job, reporter, undo)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert outcome.places is not None
    return outcome.places
