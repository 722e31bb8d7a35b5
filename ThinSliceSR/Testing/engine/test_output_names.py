"""Names that a text or a preview may have, and what is said of those that it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import CannotWrite, UnusableInput
from ThinSliceSRLib.engine.evaluation.written_text import check_text_targets, write_text
from ThinSliceSRLib.engine.preview import Preview, check_preview_target
from ThinSliceSRLib.engine.volumes.volume import Volume


def test_two_texts_cannot_have_one_name(tmp_path: Path):
    with pytest.raises(UnusableInput, match="same name"):
        check_text_targets([tmp_path / "a.json", tmp_path / "." / "a.json"], overwrite=True)


def test_a_text_replaces_a_file_only_when_that_is_allowed_and_a_folder_never(tmp_path: Path):
    (tmp_path / "there.csv").touch()
    check_text_targets([tmp_path / "there.csv", tmp_path / "new.csv"], overwrite=True)
    with pytest.raises(CannotWrite, match="allow overwriting"):
        check_text_targets([tmp_path / "there.csv"], overwrite=False)
    with pytest.raises(CannotWrite, match="is a folder"):
        check_text_targets([tmp_path], overwrite=True)
    with pytest.raises(CannotWrite, match="no folder"):
        check_text_targets([tmp_path / "nowhere" / "new.csv"], overwrite=True)


def test_a_text_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path):
    (tmp_path / "results").mkdir()
    with pytest.raises(CannotWrite, match="cannot be written"):
        write_text("text", tmp_path / "results")
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_preview_has_a_new_name_of_its_kind_in_a_folder_that_is_there(tmp_path: Path):
    check_preview_target(tmp_path / "look.nhdr")
    with pytest.raises(UnusableInput, match=r"\*\.nhdr"):
        check_preview_target(tmp_path / "look.nrrd")
    with pytest.raises(CannotWrite, match="is not there"):
        check_preview_target(tmp_path / "nowhere" / "look.nhdr")
    (tmp_path / "look.raw").touch()
    with pytest.raises(CannotWrite, match=r"look\.raw exists"):
        check_preview_target(tmp_path / "look.nhdr")


def test_a_preview_that_cannot_be_begun_leaves_nothing(tmp_path: Path, thick_volume: Volume):
    preview = Preview(tmp_path / "look.nhdr", axis=2)
    (tmp_path / "look.nhdr").mkdir()  # by another program, meanwhile
    with pytest.raises(CannotWrite, match="preview cannot be written"):
        preview.start(thick_volume, {})
    assert not (tmp_path / "look.raw").exists()
