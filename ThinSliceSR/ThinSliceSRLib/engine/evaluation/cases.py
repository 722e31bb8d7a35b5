"""What is to be evaluated: the true volumes and the files of the methods, from arguments or from a list."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UnusableInput, reason_of
from ..files.reading import READERS

VOLUME_ENDINGS = tuple(sorted(READERS, key=len, reverse=True))
TRUTH = "truth"  # also the name of the truth's own row in the results, so no method may have it


@dataclass(frozen=True)
class Case:
    """A true thin volume and, by the methods' names, the files of what was synthesised of it."""

    name: str
    truth: Path
    methods: dict[str, Path]


def case_of_arguments(truth: Path, methods: Sequence[str]) -> Case:
    """The case of `--truth THIN METHOD=FILE …`, named after the truth's file without its ending.

    Raises UnusableInput (`wrong_method`).
    """
    files: dict[str, Path] = {}
    for argument in methods:
        name, separator, file = argument.partition("=")
        if not (name and separator and file):
            raise UnusableInput(f"{argument} is not METHOD=FILE; write, for example, DLS=dls.nrrd.", "wrong_method")
        if name in files:
            raise UnusableInput(f"The method {name} is given twice; give each its own name.", "wrong_method")
        files[name] = Path(file)
    return named_case(truth, files)


def named_case(truth: Path, methods: dict[str, Path]) -> Case:
    """The case of these files, named after the truth's without its ending. Raises UnusableInput (`wrong_method`)."""
    _require_methods(methods)
    ending = next((ending for ending in VOLUME_ENDINGS if truth.name.lower().endswith(ending)), "")
    return Case(truth.name[: len(truth.name) - len(ending)], truth, methods)


def cases_of_list(path: Path) -> list[Case]:
    """The cases of a CSV file with the columns case, truth, and one for each method; one line for each case.

    Relative paths start at the folder of the list. Raises UnusableInput (`wrong_list`) in one sentence.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, restkey="", restval=""))
    except OSError as error:
        raise UnusableInput(f"The list cannot be read ({reason_of(error)}); check its path.", "wrong_list") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableInput("The list is no CSV file in UTF-8; save it as one.", "wrong_list") from error
    if not rows or not {"case", TRUTH} <= rows[0].keys():
        raise UnusableInput(
            "The list needs a first line with case, truth and the methods' names, and a line for each case.",
            "wrong_list",
        )
    names = [row["case"] for row in rows]
    for line, row in enumerate(rows, start=2):
        if not all(row.values()) or "" in row:
            raise UnusableInput(
                f"Line {line} of the list has not one value for each column; complete it.", "wrong_list"
            )
        if names.count(row["case"]) > 1:
            raise UnusableInput(f"The case of line {line} is in the list twice; give each its own name.", "wrong_list")
    methods = [name for name in rows[0] if name not in ("case", TRUTH)]
    _require_methods(methods)
    return [
        Case(row["case"], path.parent / row[TRUTH], {name: path.parent / row[name] for name in methods}) for row in rows
    ]


def _require_methods(names: Sequence[str] | dict[str, Path]) -> None:
    if not names:
        raise UnusableInput("There is no method to evaluate; give at least one METHOD=FILE.", "wrong_method")
    if TRUTH in names:
        raise UnusableInput("No method can be called truth; give it another name.", "wrong_method")
