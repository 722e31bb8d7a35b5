"""The developer guide tells the rooms as they are: each of them, the files that it names, and its picture."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from reading_pages import REPOSITORY

MODULE = REPOSITORY / "ThinSliceSR"
PLACES = (REPOSITORY, MODULE, MODULE / "ThinSliceSRLib")
GUIDE = (REPOSITORY / "docs" / "developer.md").read_text(encoding="utf-8")
MADE = {"site/"}  # by a command
WHERE = GUIDE.split("## Where do I change …?")[1].split("\n## ")[0]


def named_files(text: str) -> list[str]:
    """What it names as code and what looks like a file or a folder, but for commands."""
    named = re.findall(r"`([^`\s]+)`", text)
    return [name for name in named if re.search(r"\.(py|md|ui|yml|toml|json)$|/$", name) and "*" not in name]


def is_there(name: str) -> bool:
    return any((place / name).exists() for place in PLACES)


@pytest.mark.parametrize("name", sorted(set(named_files(GUIDE)) - MADE))
def test_every_file_that_the_guide_names_is_there(name: str):
    rooms = [part for part in ("engine", "desktop") if (MODULE / "ThinSliceSRLib" / part / name).is_dir()]
    assert is_there(name) or rooms or (REPOSITORY / "model_weights" / name).exists(), name


def test_likely_wishes_are_answered_with_files():
    rows = re.findall(r"^\| (?!wish|---)([^|]+) \| ([^|]+) \|$", WHERE, re.MULTILINE)
    assert len(rows) >= 10
    assert [wish for wish, files in rows if not named_files(files)] == []


@pytest.mark.parametrize("part", ["engine", "desktop"])
def test_every_room_is_told_in_one_sentence(part: str):
    table = GUIDE.split(f"| in `{part}/` | |")[1].split("\n\n")[0]
    told = re.findall(r"^\| `(\w+)/` \| \S.*\|$", table, re.MULTILINE)
    rooms = {path.parent.name for path in (MODULE / "ThinSliceSRLib" / part).glob("*/__init__.py")}
    assert sorted(told) == sorted(rooms)


def test_the_picture_shows_the_imports_as_they_are():
    drawn = runpy.run_path(str(REPOSITORY / "docs" / "rooms_picture.py"))
    stored: Path = drawn["PICTURE"]
    assert stored.read_text(encoding="utf-8") == drawn["picture"](), "draw it anew: make pictures"
