"""Names that a text or a preview may have, and what is said of those that it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import CannotWrite, UnusableInput
from ThinSliceSRLib.engine.files.writing import check_places
from ThinSliceSRLib.engine.outputs.whole_file import whole_file
from ThinSliceSRLib.engine.run.preview import Preview, check_preview_target
from ThinSliceSRLib.engine.volumes.volume import Volume


def test_two_texts_cannot_have_one_name(tmp_path: Path):
    with pytest.raises(UnusableInput, match="same name"):
        check_places([tmp_path / "a.json", tmp_path / "." / "a.json"], overwrite=True)


def test_a_text_replaces_a_file_only_when_that_is_allowed_and_a_folder_never(tmp_path: Path):
    (tmp_path / "there.csv").touch()
    check_places([tmp_path / "there.csv", tmp_path / "new.csv"], overwrite=True)
    with pytest.raises(CannotWrite, match="allow overwriting"):
        check_places([tmp_path / "there.csv"], overwrite=False)
    with pytest.raises(CannotWrite, match="is a folder"):
        check_places([tmp_path], overwrite=True)
    with pytest.raises(CannotWrite, match="no folder"):
        check_places([tmp_path / "nowhere" / "new.csv"], overwrite=True)


def test_a_text_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path):
    (tmp_path / "results").mkdir()
    with pytest.raises(CannotWrite, match="results is a folder"), whole_file(tmp_path / "results") as part:
        part.write_text("text")
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_text_that_is_not_whole_leaves_what_was_there(tmp_path: Path):
    (tmp_path / "there.csv").write_text("old")
    with pytest.raises(UnicodeEncodeError), whole_file(tmp_path / "there.csv") as part:
        part.write_text("new\n\udcff", encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "old"


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
        preview.create(thick_volume, {})
    assert not (tmp_path / "look.raw").exists()
