"""The arrow of the design: Slicer's module, then the desktop, then, behind a process boundary, the engine."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = Path(__file__).parents[2]
LIBRARY = MODULE / "ThinSliceSRLib"
MODULES = ("ThinSliceSR", "DICOMThinSliceSRPlugin")


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in names}


def relative(file: Path) -> set[str]:
    """All parts of the names of modules of the library that a file imports, anywhere in it."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    own = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.level]
    modules = [f"{node.module or ''}.{alias.name}" for node in own for alias in node.names]
    return {part for module in modules for part in module.split(".")}


def test_the_engine_knows_nothing_of_slicer():
    files = list((LIBRARY / "engine").rglob("*.py"))
    assert len(files) > 50
    forbidden = {"slicer", "qt", "ctk", "vtk", "DICOMLib", "PyTorchUtils", "SampleData"}
    assert [file.name for file in files if imported(file) & forbidden or "desktop" in relative(file)] == []


@pytest.mark.parametrize(
    ("room", "later"),
    [
        ("volumes", {"network", "weights", "synthesis", "dicom_out", "evaluation", "phantom", "batch", "commands"}),
        ("network", {"volumes", "weights", "synthesis", "dicom_out", "evaluation", "phantom", "batch", "commands"}),
        ("phantom", {"network", "weights", "synthesis", "dicom_out", "evaluation", "batch", "commands"}),
        ("weights", {"synthesis", "dicom_out", "evaluation", "phantom", "batch", "commands"}),
        ("synthesis", {"dicom_out", "evaluation", "phantom", "batch", "commands"}),
        ("doubt", {"dicom_out", "phantom", "batch", "commands"}),
        ("dicom_out", {"synthesis", "doubt", "evaluation", "phantom", "batch", "commands"}),
        ("evaluation", {"synthesis", "dicom_out", "phantom", "batch", "commands"}),
        ("batch", {"commands"}),
    ],
)
def test_a_room_of_the_engine_knows_nothing_of_those_behind_it(room: str, later: set[str]):
    files = list((LIBRARY / "engine" / room).glob("*.py"))
    assert files
    assert {file.name: found for file in files if (found := relative(file) & later)} == {}


def test_every_room_of_the_engine_has_its_place_in_the_order():
    rooms = {path.name for path in (LIBRARY / "engine").iterdir() if (path / "__init__.py").is_file()}
    assert rooms == {
        "commands",
        "volumes",
        "network",
        "phantom",
        "weights",
        "synthesis",
        "dicom_out",
        "doubt",
        "evaluation",
        "batch",
    }


def test_no_module_of_the_desktop_loads_torch_or_einops():
    names = [f"ThinSliceSRLib.desktop.{file.stem}" for file in (LIBRARY / "desktop").glob("[!_]*.py")]
    assert len(names) > 20
    lines = ["import importlib, sys", *(f"importlib.import_module({name!r})" for name in [*names, *MODULES])]
    lines.append("print(sorted({'torch', 'einops'} & set(sys.modules)))")
    path = os.pathsep.join([str(MODULE), str(Path(__file__).parent / "stand_ins")])
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"},
        check=True,
    )
    assert done.stdout.strip() == "[]"
