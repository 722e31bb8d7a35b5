"""The arrow of the design: Slicer's module, then the desktop, then, behind a process boundary, the engine."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

MODULE = Path(__file__).parents[3]
LIBRARY = MODULE / "ThinSliceSRLib"
REPOSITORY = MODULE.parent
MODULES = ("ThinSliceSR", "DICOMThinSliceSRPlugin")


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in names}


def relative(file: Path) -> set[str]:
    """All modules and packages of the library that a file imports by relative names, anywhere in it, as paths in it."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    own = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.level]
    places = [(file.parents[node.level - 1], node) for node in own]
    return {
        place.joinpath(*(node.module or "").split("."), alias.name).relative_to(LIBRARY).as_posix()
        for place, node in places
        for alias in node.names
    }


def rooms_known_to(file: Path) -> set[str]:
    """The rooms of its own part of the library that a file imports from."""
    part = file.relative_to(LIBRARY).parts[0]
    names = [name.split("/") for name in relative(file)]
    return {parts[1] for parts in names if parts[0] == part}


def knows_desktop(file: Path) -> bool:
    return any(name.startswith("desktop/") for name in relative(file))


def test_the_engine_knows_nothing_of_slicer():
    files = list((LIBRARY / "engine").rglob("*.py"))
    assert len(files) > 50
    forbidden = {"slicer", "qt", "ctk", "vtk", "DICOMLib", "PyTorchUtils", "SampleData"}
    assert [file.name for file in files if imported(file) & forbidden or knows_desktop(file)] == []


# Each room knows only those before it; what lies beside the rooms of the engine is known to all of them.
ROOMS = {
    "engine": (
        "events",
        "outputs",
        "volumes",
        "devices",
        "dicom_in",
        "files",
        "findings",
        "network",
        "phantom",
        "calibration",
        "weights",
        "synthesis",
        "evaluation",
        "doubt",
        "dicom_out",
        "run",
        "batch",
        "commands",
    ),
    "desktop": ("scene", "worker", "setup", "compare", "dicom", "run", "panel"),
}
MOST_FILES = 15


@pytest.mark.parametrize("part", ROOMS)
def test_every_room_has_its_place_in_the_order(part: str):
    rooms = {path.name for path in (LIBRARY / part).iterdir() if (path / "__init__.py").is_file()}
    assert rooms == set(ROOMS[part])


@pytest.mark.parametrize(("part", "room"), [(part, room) for part in ROOMS for room in ROOMS[part]])
def test_a_room_knows_nothing_of_those_behind_it(part: str, room: str):
    later = set(ROOMS[part][ROOMS[part].index(room) + 1 :])
    files = list((LIBRARY / part / room).rglob("*.py"))
    assert files
    assert {file.name: found for file in files if (found := rooms_known_to(file) & later)} == {}


def test_no_folder_holds_more_files_than_a_glance_takes_in():
    files = [path.relative_to(REPOSITORY) for path in REPOSITORY.rglob("*.py")]
    counts = Counter(file.parent.as_posix() for file in files if not any(part.startswith(".") for part in file.parts))
    assert {"training/learning", "benchmarks/runs", "ThinSliceSR/ThinSliceSRLib/engine/run"} <= counts.keys()
    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_no_module_of_the_desktop_loads_torch_or_einops():
    files = (LIBRARY / "desktop").rglob("[!_]*.py")
    names = [".".join(file.relative_to(MODULE).with_suffix("").parts) for file in files]
    assert len(names) > 20
    lines = ["import importlib, sys", *(f"importlib.import_module({name!r})" for name in [*names, *MODULES])]
    lines.append("print(sorted({'torch', 'einops'} & set(sys.modules)))")
    path = os.pathsep.join([str(MODULE), str(Path(__file__).parents[1] / "stand_ins")])
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"},
        check=True,
    )
    assert done.stdout.strip() == "[]"
