"""What is installed holds all that it needs: the wheel every package of the engine, the container all that makes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ThinSliceSRLib.engine import ENGINE_VERSION

REPOSITORY = Path(__file__).parents[4]
LIBRARY = REPOSITORY / "ThinSliceSR"
PROJECT = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
CONTAINER = (REPOSITORY / "Containerfile").read_text(encoding="utf-8")


def test_the_wheel_holds_every_package_of_the_engine_and_none_of_slicers():
    [listed] = re.findall(r"^packages = \[\n(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    folders = [path.parent.relative_to(LIBRARY) for path in (LIBRARY / "ThinSliceSRLib").rglob("__init__.py")]
    packages = {".".join(folder.parts) for folder in folders if "desktop" not in folder.parts}
    assert set(re.findall(r'"(.*?)"', listed)) == packages | {"ThinSliceSRLib.model_weights", "thinslicesr"}


def test_the_demonstration_needs_no_extra():
    [needed] = re.findall(r"^dependencies = \[\n(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    assert '"matplotlib>=' in needed


@pytest.mark.parametrize("package", ["thinslicesr", "ThinSliceSR/ThinSliceSRLib"])
def test_its_types_are_for_those_who_use_it(package: str):
    assert (REPOSITORY / package / "py.typed").is_file()
    assert f'"{Path(package).name}" = ["py.typed"]' in PROJECT


def test_the_container_copies_all_that_the_wheel_is_made_of():
    copied = {
        source for line in re.findall(r"^COPY (?!--)(.*) \S+$", CONTAINER, re.MULTILINE) for source in line.split()
    }
    assert all((REPOSITORY / source).exists() for source in copied)
    assert copied == {
        "LICENSE.txt",
        "README.md",
        "pyproject.toml",
        "model_weights",
        "thinslicesr",
        "ThinSliceSR/ThinSliceSRLib",
    }
    for name in (".containerignore", ".dockerignore"):
        lines = (REPOSITORY / name).read_text(encoding="utf-8").splitlines()
        assert {line[1:] for line in lines if line.startswith("!")} == copied


def test_the_version_is_the_same_wherever_it_is_told():
    [cited] = re.findall(r"^version: (.*)$", (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    changes = re.findall(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited == changes[0] == ENGINE_VERSION
