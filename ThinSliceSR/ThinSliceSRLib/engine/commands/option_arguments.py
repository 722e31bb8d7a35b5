"""The options of a synthesis as arguments of the verbs that take them."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from ..run.options import Option, RunOptions, options_in

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

INPUT_HELP = "volume: NRRD, NIfTI, MetaImage, or a folder or ZIP file of DICOM files"


def add_options(parser: argparse.ArgumentParser, *wanted: str | type[DataclassInstance]) -> None:
    """Adds options of `RunOptions`, by name or all of a dataclass that it inherits from."""
    known = {each.name: each for each in options_in(RunOptions)}
    for one in wanted:
        for each in [known[one]] if isinstance(one, str) else options_in(one):
            parser.add_argument(each.flag, dest=each.name, default=each.default, help=each.help, **_form(each))


def _form(option: Option) -> dict[str, Any]:
    if isinstance(option.default, bool):
        return {"action": "store_false" if option.default else "store_true"}
    if option.choices:
        return {"choices": option.choices}
    if option.unit:
        return {"type": finite_number, "metavar": option.unit.upper()}
    return {"metavar": option.metavar}


def add_progress(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--progress",
        choices=("bar", "json", "none"),
        help="what is told meanwhile: a bar (the default on a terminal), JSON events for programs, or nothing "
        "but warnings",
    )


def options_of(arguments: argparse.Namespace, kind: type[DataclassInstance]) -> dict[str, Any]:
    """The options of this kind that the verb has, by name."""
    return {each.name: getattr(arguments, each.name) for each in options_in(kind) if hasattr(arguments, each.name)}


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
