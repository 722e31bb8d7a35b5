"""One name, one meaning: what the engine and the desktop call by a public name is declared in one place."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ThinSliceSRLib.engine.calibration.calibration import COVERAGES
from ThinSliceSRLib.engine.provenance import REACHES, entries_of

LIBRARY = Path(__file__).parents[3] / "ThinSliceSRLib"
# What each verb has, so that the command line can take all of them alike.
OF_VERBS = {"add_arguments", "run"}
# One thing in the words of different readers: of an evaluation, and of a list of places.
TABLES = {"as_csv", "as_json", "as_text"}
# The same question to a node of Slicer's scene and to a disk of the engine, which each answer by their own means.
OF_BOTH_PARTS = {"require_room"}


def public_names(file: Path) -> Iterator[str]:
    """The public classes and functions of a module."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            yield node.name


def public_tolerances(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            yield from (name for name in names if "TOLERANCE" in name or name.startswith("LONGEST_"))


def test_no_class_or_function_has_the_name_of_another():
    places: dict[str, list[str]] = defaultdict(list)
    for file in LIBRARY.rglob("*.py"):
        for name in public_names(file):
            places[name].append(file.relative_to(LIBRARY).as_posix())
    several = {name: found for name, found in places.items() if len(found) > 1}
    assert len(places) > 500
    assert {name: several[name] for name in several.keys() - OF_VERBS - TABLES - OF_BOTH_PARTS} == {}


def test_no_tolerance_has_the_name_of_another():
    names = [name for file in LIBRARY.rglob("*.py") for name in public_tolerances(file)]
    assert len(names) > 10
    assert sorted(names) == sorted(set(names))


def test_the_entries_of_a_doubt_are_those_of_its_calibration():
    assert tuple(f"doubt_reach_{share * 100:.0f}_hu" for share in COVERAGES) == REACHES


def test_entries_of_others_are_none_of_ours():
    header = {"ThinSliceSR_model": "small", "ThinSliceSR_colour": "red", "model": "of another program"}
    assert entries_of(header) == {"model": "small"}
