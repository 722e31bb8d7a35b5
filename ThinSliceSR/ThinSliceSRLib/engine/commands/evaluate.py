"""measure how close synthetic volumes come to the true thin slices"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ..errors import UnusableInput
from ..events.progress import Reporter, make_reporter
from .option_arguments import add_options

NAME = "evaluate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "One case: --truth THIN METHOD=FILE …; several: --list FILE. The first and last 5 slices are left out, as in "
        "the paper. Medians come with 95% bootstrap intervals; from 6 cases on, methods are tested against each other. "
        "--values counts for those volumes that cannot be HU."
    )
    parser.add_argument(
        "methods",
        nargs="*",
        metavar="METHOD=FILE",
        help="a name for the method, and its volume: for example DLS=dls.nrrd",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--truth", type=Path, metavar="THIN", help="the true thin volume of one case")
    source.add_argument(
        "--list",
        type=Path,
        metavar="FILE",
        help="CSV file with a line for each case: columns case, truth and one for each method, under the method's "
        "name; relative paths start at the folder of the list",
    )
    add_options(parser, "values")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the measures of each case and method as CSV")
    parser.add_argument(
        "--plots",
        type=Path,
        metavar="FOLDER",
        help="draw box plots and pictures of the differences from the truth into this folder",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace JSON and CSV files that are there already")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    """Prints the tables and writes what is asked for."""
    from ..evaluation.cases import case_of_arguments, cases_of_list
    from ..evaluation.evaluate import evaluate
    from ..evaluation.figures import box_plots, difference_picture, require_matplotlib
    from ..evaluation.report import as_csv, as_json, as_text
    from ..files.writing import check_places
    from ..outputs.new_folder import make_folder
    from ..outputs.replacing import PendingFiles

    if arguments.list and arguments.methods:
        raise UnusableInput("With --list, methods are named in the list; leave METHOD=FILE out.", "wrong_method")
    cases = cases_of_list(arguments.list) if arguments.list else [case_of_arguments(arguments.truth, arguments.methods)]
    tables = [target for target in (arguments.json, arguments.csv) if target]
    check_places(tables, arguments.overwrite)
    folder = arguments.plots
    bar = make_reporter(None)  # on a terminal only: stdout holds nothing but the tables
    bar.progress("evaluate", 0, len(cases))
    with ExitStack() as empty_folders, PendingFiles() as files:
        undo.callback(empty_folders.close)
        undo.callback(files.cancel)
        if folder:
            require_matplotlib()
            make_folder(folder, empty_folders)
        evaluation = evaluate(
            cases,
            on_case=lambda done: bar.progress("evaluate", done, len(cases)),
            values=arguments.values,
            show=partial(difference_picture, folder=folder, files=files) if folder else None,
        )
        if folder:
            box_plots(evaluation, folder, files)
        for target, as_written in ((arguments.json, as_json), (arguments.csv, as_csv)):
            if target:
                files.write_text(as_written(evaluation), target)
        check_places(tables, arguments.overwrite)
    print(as_text(evaluation))
