"""What is told of what was read and made, of a disk without room, and of arguments and names that are wrong."""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line_runs import COMMAND, ENVIRONMENT, write_thick
from ThinSliceSRLib.engine.batch.batch import Summary
from ThinSliceSRLib.engine.command_line import main, make_parser
from ThinSliceSRLib.engine.errors import (
    CannotWrite,
    MissingLibrary,
    UnusableInput,
    WeightsError,
    in_plain_words,
    reason_of,
)
from ThinSliceSRLib.engine.outputs import disk_space
from ThinSliceSRLib.engine.outputs.disk_space import require_room
from ThinSliceSRLib.engine.weights import model_choice, weights_file
from ThinSliceSRLib.engine.weights.model_choice import choose_model


def test_check_and_synthesize_tell_what_they_read_and_made(
    tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
):
    write_thick(tmp_path / "thick.nrrd")
    read = "Read: 4 axial slices of 32 by 32 pixels, 0.7 by 0.8 mm, 5 mm apart; values -1000 to 60"
    assert main(["check", str(tmp_path / "thick.nrrd")]) == 0
    assert read in capsys.readouterr().out
    arguments = ["synthesize", str(tmp_path / "thick.nrrd"), str(tmp_path / "dls.nrrd"), "--spacing", "1"]
    assert main([*arguments, "--weights", str(tiny_weights), "--device", "cpu"]) == 0
    told = capsys.readouterr().out
    assert read in told
    assert "Made: 16 axial slices of 32 by 32 pixels, 0.7 by 0.8 mm, 1 mm apart" in told


def test_a_full_disk_is_found_before_anything_is_computed(
    tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    write_thick(tmp_path / "thick.nrrd")
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda place: SimpleNamespace(free=100))
    monkeypatch.setattr("ThinSliceSRLib.engine.run.making.synthesize", lambda *_, **__: pytest.fail("it computed"))
    arguments = ["synthesize", str(tmp_path / "thick.nrrd"), str(tmp_path / "dls.nrrd"), "--weights", str(tiny_weights)]
    assert main([*arguments, "--device", "cpu"]) == 2
    assert "The results need at least" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="there, the length of the whole path counts")
@pytest.mark.parametrize(
    "arguments",
    [
        ["phantom", "--thin-slices", "6", "LONG.nrrd"],
        ["demo", "--input", "thick.nrrd", "--output", "LONG"],
        ["weights", "untrained", "LONG.safetensors"],
        ["synthesize", "thick.nrrd", "dls.nrrd", "--preview", "LONG.nhdr"],
    ],
)
def test_a_name_that_is_too_long_is_told_as_that(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_thick(tmp_path / "thick.nrrd")
    assert main([argument.replace("LONG", "long" * 70) for argument in arguments]) == 2
    assert capsys.readouterr().err == "A name is longer than its disk allows, mostly 255 bytes; give a shorter one.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thick.nrrd"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
def test_weights_that_cannot_be_written_whole_leave_nothing(tmp_path: Path):
    import resource  # which Windows lacks

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    command = [*COMMAND, "weights", "untrained", str(tmp_path / "new.safetensors")]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, preexec_fn=limit)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    sentence = f"new.safetensors cannot be written to {tmp_path} (File too large); choose another folder.\n"
    assert done.stderr == sentence


def test_what_lies_on_one_disk_counts_together_and_a_folder_may_still_be_missing(tmp_path: Path):
    half = shutil.disk_usage(tmp_path).free * 2 // 3
    require_room([(tmp_path / "new" / "folder", half)])
    with pytest.raises(CannotWrite) as refused:
        require_room([(tmp_path / "new", half), (tmp_path, half)])
    assert refused.value.code == "no_room"


def test_a_model_of_this_project_may_be_named_by_its_size(own_folder: Path, monkeypatch: pytest.MonkeyPatch):
    own_folder.mkdir()
    (own_folder / "cthnet-small.safetensors").touch()
    monkeypatch.setattr(model_choice, "weights_folders", lambda: [own_folder])
    monkeypatch.setattr(weights_file, "load_model", lambda path: path.name)
    assert choose_model("small", False) == "cthnet-small.safetensors"
    (own_folder / "small.safetensors").touch()
    assert choose_model("small", False) == "small.safetensors"
    with pytest.raises(WeightsError, match="No weights named mine are"):
        choose_model("mine", False)
    with pytest.raises(WeightsError, match=r"copy cthnet-base\.safetensors into"):
        choose_model("base", False)


def test_a_path_is_never_taken_for_the_name_of_a_model(tmp_path: Path):
    for name, sentence in (
        ("volume.nrrd", "is damaged or not a safetensors file"),
        ("none", "There are no weights at"),
    ):
        (tmp_path / "volume.nrrd").write_bytes(b"NRRD0004")
        with pytest.raises(WeightsError, match=sentence):
            choose_model(str(tmp_path / name), False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["synthesize", "a", "b", "--first-at", "nan"], "nan is no number of millimetres"),
        (["synthesize", "a", "b", "--slab-mm", "x"], "x is no number of millimetres"),
        (["batch", "a", "b", "--workers", "0"], "0 is no number of workers"),
        (["batch", "a", "b", "--study-date", "today"], "today is no date"),
    ],
)
def test_wrong_arguments_are_told_in_words_of_people(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert not any(word in told for word in ("finite_number", "positive", "date_range", "float"))


def test_one_volume_is_told_of_as_one():
    assert Summary(1, 0, Path("m")).sentence() == "1 volume is done; m tells of each."
    assert Summary(3, 2, Path("m"), 1, {"no_lungs": 1}).sentence() == (
        "3 volumes are done, 2 of them were before, 1 with warnings (1 no_lungs); m tells of each."
    )


def test_a_folder_is_not_the_source_and_the_destination_of_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_thick(tmp_path / "thick.nrrd")
    assert main(["batch", str(tmp_path), str(tmp_path)]) == 2
    assert "SOURCE and DESTINATION are the same folder" in capsys.readouterr().err


def test_a_missing_library_is_not_wrong_usage():
    assert MissingLibrary.exit_code == 1
    assert not issubclass(MissingLibrary, UnusableInput)


def test_a_missing_package_of_those_that_every_job_needs_is_named():
    told = in_plain_words(ModuleNotFoundError("No module named 'einops.layers'", name="einops.layers"))
    assert (told.code, told.exit_code) == ("missing_library", 1)
    assert str(told) == "The package einops is not installed; install it with: pip install einops"
    assert in_plain_words(ModuleNotFoundError("…", name="ThinSliceSRLib.engine.none")).code == "unexpected"


def arguments_of(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.ArgumentParser, argparse.Action]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from arguments_of(verb)
        else:
            yield parser, action


def test_no_wrong_argument_is_told_by_the_name_of_a_function(capsys: pytest.CaptureFixture[str]):
    asked = 0
    for parser, action in arguments_of(make_parser()):
        if action.type in (None, Path):
            continue
        with pytest.raises(argparse.ArgumentError) as refused:
            parser._get_value(action, "2,5 mm")
        assert str(refused.value).startswith(f"argument {action.option_strings[0]}: 2,5 mm is no ")
        asked += 1
    assert asked > 5


def test_what_the_system_says_is_never_told_as_none():
    assert reason_of(OSError(errno.EACCES, "Permission denied")) == "Permission denied"
    assert reason_of(OSError("an encoder failed")) == "for no reason that the system tells"
