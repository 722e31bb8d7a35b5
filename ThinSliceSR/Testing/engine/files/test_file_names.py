"""Names of files are made of identifiers that anybody may have written: no such name leads out of its folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.outputs.file_names import MOST_BYTES, file_name_of
from ThinSliceSRLib.engine.weights.registry import is_model_name

HOSTILE = (
    "", ".", "..", "../../outside/evil", "..\\..\\evil", "/etc/passwd", "C:\\evil", "C:evil", "\\\\host\\share", "a/b",
    "~root", "con", "NUL.nrrd", "com1", "lpt¹", "a\0b", "a\nb", "\x1b[2J", "a:stream", "a.", "a ", " a", ".hidden",
    "\udcff", "\u202egnp", "é" * 200, "a" * 5000, "%2e%2e%2f", "*", "a?b",
)  # fmt: skip
PIECES = st.one_of(st.sampled_from(HOSTILE), st.sampled_from("./\\:~%0 aZ"), st.text(max_size=5))
IDENTIFIERS = st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(), st.text(st.characters(codec=None)))


@given(IDENTIFIERS)
@example("../../outside/evil")
@example("\udcff")
def test_no_identifier_steers_a_path(identifier: str):
    name = file_name_of(identifier)
    for kind in (PurePosixPath, PureWindowsPath):
        path = kind("results") / f"{name}_DLS.nrrd"
        assert path.parent == kind("results")
        assert path.name == f"{name}_DLS.nrrd"
    assert not PureWindowsPath(name).is_reserved()
    assert name.isprintable()
    assert name == name.strip(". ")
    assert 0 < len(name.encode()) <= MOST_BYTES


@given(IDENTIFIERS)
def test_the_name_of_a_name_is_itself(identifier: str):
    name = file_name_of(identifier)
    assert file_name_of(name) == name


@given(IDENTIFIERS, IDENTIFIERS)
@example("a/b", "a\\b")
@example("a/b", "a_b")
@example("a" * 5000, "a" * 5001)
def test_two_identifiers_never_share_a_name(one: str, other: str):
    assert (file_name_of(one) == file_name_of(other)) == (one == other)


@pytest.mark.parametrize("plain", ["1.2.840.113619.2.55.3", "scan 01 (Müller)", "胸部-5mm", "a_b", "100%"])
def test_plain_names_stay_as_they_are(plain: str):
    assert file_name_of(plain) == plain


@given(IDENTIFIERS)
@example("con")
def test_weights_bear_plain_names_only(identifier: str):
    assert not is_model_name(identifier) or file_name_of(identifier) == identifier


def test_a_file_can_be_made_of_each(tmp_path: Path):
    for identifier in HOSTILE:
        (tmp_path / f"{file_name_of(identifier)}_DLS.nrrd").touch()
    assert len(list(tmp_path.iterdir())) == len(HOSTILE)
