"""The repository suits the Extensions Index, up to its address, which one command sets on publication."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from index_checks import DESCRIPTION, LARGEST_CLONE_MB, clone_size_mb, faults

from extension_index.publish_address import FILES_WITH_ADDRESS, TO_BE_SET, publish_address

REPOSITORY = Path(__file__).parents[3]
SOME_ADDRESS = "https://github.com/someone/SlicerThinSliceSR"
FILES_READ_BY_THE_INDEX = (
    *FILES_WITH_ADDRESS,
    "LICENSE.txt",
    "ThinSliceSR/Resources/Icons/ThinSliceSR.png",
    "docs/pictures/comparison.png",
    "extension_index/publish_address.py",
)
ADDRESS_IS_SET = TO_BE_SET not in (REPOSITORY / DESCRIPTION).read_text(encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the index reads, with its address set."""
    for name in FILES_READ_BY_THE_INDEX:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, tmp_path / name)
    if not ADDRESS_IS_SET:
        publish_address(SOME_ADDRESS, tmp_path)
    return tmp_path


def test_nothing_but_the_address_is_missing():
    about_the_address = [
        fault for fault in faults(REPOSITORY) if "address" in fault or "name of the repository" in fault
    ]
    assert faults(REPOSITORY) == about_the_address
    assert bool(about_the_address) is not ADDRESS_IS_SET


def test_with_its_address_the_index_would_take_the_repository(copy: Path):
    assert faults(copy) == []


@pytest.mark.skipif(ADDRESS_IS_SET, reason="the address of the repository is set")
def test_the_command_sets_the_address_everywhere(copy: Path):
    for name in FILES_WITH_ADDRESS:
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        assert TO_BE_SET in text
        assert (copy / name).read_text(encoding="utf-8") == text.replace(TO_BE_SET, SOME_ADDRESS)


@pytest.mark.parametrize(
    ("name", "before", "after", "fault"),
    [
        (DESCRIPTION, "Image Synthesis", "Magic", "the category is unknown"),
        (DESCRIPTION, '"tier": 1', '"tier": 6', "the tier is not between 1 and 5"),
        (DESCRIPTION, '"tier": 1', '"tier": "1"', "tier is of the wrong type"),
        (DESCRIPTION, '"tier"', '"stage"', "the schema knows no stage"),
        (DESCRIPTION, '"category"', '"kind"', "the key category is missing"),
        (DESCRIPTION, "v1.0.1", "v1.0.0", "the schema is not 1.0.1"),
        (DESCRIPTION, "\n", "\r\n", "the description has line ends that are not LF"),
        (DESCRIPTION, "  ", "\t", "the description is not indented by 2, with a line end at its end"),
        (DESCRIPTION, "PyTorch", "Pytorch", "the index has no extension Pytorch"),
        (DESCRIPTION, "https://github", "github", "scm_url is not an address"),
        (DESCRIPTION, "/Slicer", "/", 'the name of the repository does not begin with "Slicer"'),
        ("CMakeLists.txt", "project(ThinSliceSR)", "project(Thin)", "project() of CMakeLists.txt is not ThinSliceSR"),
        ("CMakeLists.txt", '"PyTorch"', '"NA"', "build_dependencies and EXTENSION_DEPENDS are not the same"),
        ("CMakeLists.txt", "ICONURL ", "ICONURL\n  ", "EXTENSION_ICONURL is not set, or not on one line"),
        ("CMakeLists.txt", "comparison.png", "comparison.svg", "names no png, jpeg or gif file of this repository"),
    ],
)
def test_what_the_index_refuses_is_found(copy: Path, name: str, before: str, after: str, fault: str):
    text = (copy / name).read_bytes()
    assert before.encode() in text
    (copy / name).write_bytes(text.replace(before.encode(), after.encode()))
    assert any(fault in found for found in faults(copy)), faults(copy)


def test_a_missing_licence_is_found(copy: Path):
    (copy / "LICENSE.txt").unlink()
    assert faults(copy) == ["there is no licence file in the root"]


@pytest.mark.skipif(ADDRESS_IS_SET, reason="the address of the repository is set")
@pytest.mark.parametrize(
    "address", ["", "https://github.com/someone/ThinSliceSR", SOME_ADDRESS + ".git", SOME_ADDRESS + "/", "SlicerThin"]
)
def test_the_command_refuses_an_address_that_the_index_would_refuse(address: str):
    before = [(REPOSITORY / name).read_bytes() for name in FILES_WITH_ADDRESS]
    done = _run_the_command(REPOSITORY, address)
    assert done.returncode != 0
    assert "whose name begins with" in done.stderr
    assert "Traceback" not in done.stderr
    assert before == [(REPOSITORY / name).read_bytes() for name in FILES_WITH_ADDRESS]


def test_an_address_that_is_set_is_not_replaced(copy: Path):
    done = _run_the_command(copy, "https://github.com/other/SlicerThinSliceSR")
    assert done.returncode != 0
    assert "is set already" in done.stderr
    assert faults(copy) == []


def test_a_clone_with_its_history_is_small_enough_for_the_index(tmp_path: Path):
    if not (REPOSITORY / ".git").exists() or not shutil.which("git"):
        pytest.skip("needs git, and the repository's history")
    assert clone_size_mb(REPOSITORY, tmp_path / "clone") <= LARGEST_CLONE_MB


def _run_the_command(repository: Path, address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(repository / "extension_index" / "publish_address.py"), address]
    return subprocess.run(command, capture_output=True, text=True, check=False)
