"""The command line as its users meet it: real processes, real files, a full disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from command_line_runs import names, thinslicesr, write_thick


@pytest.fixture
def thick_file(tmp_path: Path) -> Path:
    write_thick(tmp_path / "thick.nrrd")
    return tmp_path / "thick.nrrd"


def test_synthesize_writes_both_volumes_where_the_input_lies(tmp_path: Path, thick_file: Path, tiny_weights: Path):
    outputs = tmp_path / "dls.nrrd", tmp_path / "bis.nii.gz"
    done = thinslicesr("synthesize", thick_file, outputs[0], "--bicubic", outputs[1], "--weights", tiny_weights)
    assert (done.returncode, done.stderr) == (0, "")
    assert "tiny (untrained)" in done.stdout
    thick = sitk.ReadImage(str(thick_file))
    for path, tolerance in zip(outputs, (1e-6, 1e-3), strict=True):  # NIfTI keeps geometry as float32
        thin = sitk.ReadImage(str(path))
        assert thin.GetSize() == (32, 32, 16)
        first, last = (image.TransformIndexToPhysicalPoint((0, 0, 0)) for image in (thick, thin))
        np.testing.assert_allclose(first, last, atol=tolerance)
        corners = thick.TransformIndexToPhysicalPoint((31, 31, 3)), thin.TransformIndexToPhysicalPoint((31, 31, 15))
        np.testing.assert_allclose(*corners, atol=tolerance)
    header = sitk.ReadImage(str(outputs[0]))
    assert header.GetMetaData("ThinSliceSR_synthetic") == "yes"
    assert header.GetMetaData("ThinSliceSR_model") == "tiny (untrained)"
    assert names(tmp_path) == {"thick.nrrd", "dls.nrrd", "bis.nii.gz"}


def test_json_progress_tells_every_event_and_nothing_else(tmp_path: Path, thick_file: Path, tiny_weights: Path):
    output = tmp_path / "dls.nrrd"
    done = thinslicesr("synthesize", thick_file, output, "--weights", tiny_weights, "--progress", "json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    before = [(event["stage"], event["done"]) for event in told[:6]]
    assert before == [(stage, step) for stage in ("start", "read", "model") for step in (0, 1)]
    events = told[6:]
    assert events[0]["event"] == "started"
    slab = {"thickness_mm": 5.0, "spacing_mm": 5.0, "told_by": "nobody"}
    grid = {"size": [32, 32, 4], "spacing_mm": [0.7, 0.8, 5.0]}
    assert events[0]["input"] == {**grid, "slab": slab, "values": "as stored"}
    assert events[0]["slab_consistency"] == "on"
    assert (events[1]["event"], events[1]["code"]) == ("note", "thickness_unknown")
    assert events[0]["output"] == {"size": [32, 32, 16], "spacing_mm": [0.7, 0.8, 1.0]}
    assert events[0]["weights"]["name"] == "tiny (untrained)"
    cubes = [event for event in events if event.get("stage") == "synthesize"]
    assert [event["done"] for event in cubes] == list(range(events[0]["cubes"] + 1))
    assert sorted(i for event in cubes if "slices" in event for i in event["slices"])[0] == 0
    assert events[-1]["event"] == "finished"
    assert events[-1]["outputs"] == {"dls": str(output)}
    assert 0 < events[-1]["slab_error_hu"]["mean"] < events[-1]["slab_error_hu"]["p99"]


def test_warnings_are_told_and_the_run_goes_on(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "wide.nrrd", spacing=12.0)
    done = thinslicesr(
        "synthesize", tmp_path / "wide.nrrd", tmp_path / "d.nrrd", "--weights", tiny_weights, "--progress", "json"
    )
    assert done.returncode == 0
    warnings = [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "warning"]
    assert [warning["code"] for warning in warnings] == ["spacing_unusual"]


@pytest.mark.parametrize(("options", "spacing", "slices"), [((), 1.0, 19), (("--spacing", "native"), 1.2, 16)])
def test_thin_slices_lie_1_mm_apart_or_as_it_was_asked(
    options: tuple[str, ...], spacing: float, slices: int, tmp_path: Path, tiny_weights: Path
):
    write_thick(tmp_path / "wide.nrrd", spacing=6.0)
    outputs = tmp_path / "d.nrrd", tmp_path / "b.nrrd"
    done = thinslicesr(
        "synthesize", tmp_path / "wide.nrrd", outputs[0], "--bicubic", outputs[1], "--weights", tiny_weights, *options
    )
    assert (done.returncode, done.stderr) == (0, "")
    for path in outputs:
        image = sitk.ReadImage(str(path))
        assert image.GetSpacing()[2] == pytest.approx(spacing, abs=1e-9)
        assert image.GetSize()[2] == slices


def test_people_are_told_notes_beside_the_bar(tmp_path: Path, thick_file: Path, tiny_weights: Path):
    arguments = ("synthesize", thick_file, tmp_path / "d.nrrd", "--weights", tiny_weights, "--progress", "bar")
    assert "Note: The file does not say how thick its slices are" in thinslicesr(*arguments).stderr
    assert "Note" not in thinslicesr(*arguments, "--slab-mm", "6", "--overwrite").stderr


@pytest.mark.parametrize("option", ["--slab-mm=0", "--spacing=thin"])
def test_a_thickness_or_a_spacing_that_is_none_is_refused_in_one_sentence(
    option: str, tmp_path: Path, thick_file: Path, tiny_weights: Path
):
    done = thinslicesr("synthesize", thick_file, tmp_path / "d.nrrd", "--weights", tiny_weights, option)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert option.partition("=")[0] in done.stderr
    assert names(tmp_path) == {"thick.nrrd"}


@pytest.mark.parametrize("axis", [0, 1])
def test_volumes_stored_with_another_axis_order_come_back_in_it(tmp_path: Path, tiny_weights: Path, axis: int):
    image = write_thick(tmp_path / "usual.nrrd")
    order = {0: (2, 0, 1), 1: (0, 2, 1)}[axis]
    sitk.WriteImage(sitk.PermuteAxes(image, order), str(tmp_path / "turned.nrrd"))
    for name in ("usual", "turned"):
        done = thinslicesr(
            "synthesize", tmp_path / f"{name}.nrrd", tmp_path / f"{name}-dls.nrrd", "--weights", tiny_weights,
            "--preview", tmp_path / f"{name}-preview.nhdr",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    usual = sitk.PermuteAxes(sitk.ReadImage(str(tmp_path / "usual-dls.nrrd")), order)
    turned = sitk.ReadImage(str(tmp_path / "turned-dls.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(turned), sitk.GetArrayFromImage(usual))
    np.testing.assert_allclose(turned.GetOrigin(), usual.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(turned.GetDirection(), usual.GetDirection(), atol=1e-6)
    preview = sitk.ReadImage(str(tmp_path / "turned-preview.nhdr"))
    np.testing.assert_allclose(preview.GetDirection(), usual.GetDirection(), atol=1e-6)
    difference = sitk.GetArrayFromImage(preview).astype(int) - sitk.GetArrayFromImage(turned)
    assert preview.GetSpacing() == turned.GetSpacing()
    assert np.abs(difference).mean() < 200  # the preview shows the slices before the slab correction


def test_the_preview_shows_what_the_network_gave(tmp_path: Path, thick_file: Path, tiny_weights: Path):
    arguments = ("--weights", tiny_weights, "--slab-consistency", "off", "--preview", tmp_path / "p.nhdr")
    assert thinslicesr("synthesize", thick_file, tmp_path / "d.nrrd", *arguments).returncode == 0
    preview, dls = (sitk.ReadImage(str(tmp_path / name)) for name in ("p.nhdr", "d.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(preview), sitk.GetArrayFromImage(dls))
    np.testing.assert_allclose(preview.GetOrigin(), dls.GetOrigin(), atol=1e-9)


@pytest.mark.parametrize("wrong", [["synthesize"], ["unheard-of"], ["synthesize", "a", "b", "--precision", "int3"]])
def test_wrong_usage_is_one_sentence_and_exit_code_2(wrong: list[str]):
    done = thinslicesr(*wrong)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--help" in done.stderr


def test_an_input_with_errors_is_refused(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thin.nrrd", spacing=1.5)
    arguments = ("synthesize", tmp_path / "thin.nrrd", tmp_path / "d.nrrd", "--weights", tiny_weights)
    done = thinslicesr(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "thin already" in done.stderr
    told = thinslicesr(*arguments, "--progress", "json")
    assert json.loads(told.stdout.splitlines()[-1])["code"] == "already_thin"
    assert names(tmp_path) == {"thin.nrrd"}
    forced = thinslicesr(*arguments, "--force")
    assert (forced.returncode, forced.stderr.count("Warning: ")) == (0, 2)  # and that no model was trained for it
    assert sitk.ReadImage(str(tmp_path / "d.nrrd")).GetSpacing()[2] == 1.0


def test_debug_shows_the_traceback_that_is_hidden_otherwise(tmp_path: Path):
    assert "Traceback" not in thinslicesr("check", tmp_path / "none.nrrd").stderr
    assert "Traceback" in thinslicesr("check", tmp_path / "none.nrrd", "--debug").stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--weights", "none.safetensors"], 3), (["--weights", "unheard-of"], 3), (["--device", "cuda:63"], 4)],
)
def test_exit_codes_tell_what_failed(tmp_path: Path, thick_file: Path, arguments: list[str], code: int):
    done = thinslicesr("synthesize", thick_file, tmp_path / "d.nrrd", *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert names(tmp_path) == {"thick.nrrd"}


def test_an_existing_output_is_kept_unless_overwriting_is_asked_for(
    tmp_path: Path, thick_file: Path, tiny_weights: Path
):
    (tmp_path / "d.nrrd").write_text("mine")
    arguments = ("synthesize", thick_file, tmp_path / "d.nrrd", "--weights", tiny_weights)
    assert thinslicesr(*arguments).returncode == 2
    assert (tmp_path / "d.nrrd").read_text() == "mine"
    assert thinslicesr(*arguments, "--overwrite").returncode == 0
    assert sitk.ReadImage(str(tmp_path / "d.nrrd")).GetSize() == (32, 32, 16)


def test_a_truncated_input_leaves_no_output(tmp_path: Path, thick_file: Path, tiny_weights: Path):
    thick_file.write_bytes(thick_file.read_bytes()[:-500])
    done = thinslicesr("synthesize", thick_file, tmp_path / "d.nrrd", "--weights", tiny_weights)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert names(tmp_path) == {"thick.nrrd"}


def test_check_tells_findings_as_text_and_as_json(tmp_path: Path, thick_file: Path):
    fit = thinslicesr("check", thick_file)
    read, note, sentence = fit.stdout.splitlines()
    assert read.startswith("Read: ")
    assert fit.returncode == 0
    assert note.startswith("Note: The file does not say how thick")
    assert sentence == "The volume is fit for synthesis."
    told = json.loads(thinslicesr("check", thick_file, "--json").stdout)
    assert [(finding["level"], finding["code"]) for finding in told["findings"]] == [("note", "thickness_unknown")]
    told = thinslicesr("check", thick_file, "--slab-mm", "2")
    assert (told.returncode, told.stdout.count("Warning: ")) == (0, 2)
    refused = thinslicesr("check", thick_file, "--slab-mm", "50")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    write_thick(tmp_path / "thin.nrrd", spacing=1.0)
    unfit = thinslicesr("check", tmp_path / "thin.nrrd", "--json")
    assert unfit.returncode == 2
    told = json.loads(unfit.stdout)
    assert [(finding["level"], finding["code"]) for finding in told["findings"]] == [("error", "already_thin")]
    assert told["series"] == []


def test_simulate_makes_a_thick_volume_that_can_be_synthesised(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thin.nrrd", slices=31, spacing=1.0)
    assert thinslicesr("simulate", tmp_path / "thin.nrrd", tmp_path / "thick.nrrd").returncode == 0
    thick = sitk.ReadImage(str(tmp_path / "thick.nrrd"))
    assert (thick.GetSize()[2], thick.GetSpacing()[2]) == (7, 5.0)
    done = thinslicesr("synthesize", tmp_path / "thick.nrrd", tmp_path / "dls.nrrd", "--weights", tiny_weights)
    assert done.returncode == 0
    assert sitk.ReadImage(str(tmp_path / "dls.nrrd")).GetSize()[2] == 31


@pytest.mark.parametrize(("size", "sentence"), [("100k", "are free"), ("400k", "no room")])
def test_a_full_disk_is_told_and_left_as_it_was(
    size: str, sentence: str, tmp_path: Path, mounted: Callable[[str], Path], tiny_weights: Path
):
    """Before the work where the results surely do not fit, and else as it turns out."""
    small_disk = mounted(f"size={size}")
    write_thick(tmp_path / "thick.nrrd", slices=12, matrix=100)
    done = thinslicesr("synthesize", tmp_path / "thick.nrrd", small_disk / "dls.nrrd", "--weights", tiny_weights)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert sentence in done.stderr
    assert names(small_disk) == set()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, thick_file: Path, tiny_weights: Path):
    done = thinslicesr("synthesize", thick_file, "/proc/dls.nrrd", "--weights", tiny_weights, "--progress", "json")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events if event.get("stage") != "start"] == ["failed"]


def test_sizes_are_told_as_they_are_stored_whatever_the_slice_axis(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thick.nrrd")
    thick = sitk.PermuteAxes(sitk.ReadImage(str(tmp_path / "thick.nrrd")), (2, 0, 1))
    sitk.WriteImage(thick, str(tmp_path / "sagittal.nrrd"))
    output = tmp_path / "dls.nrrd"
    done = thinslicesr(
        "synthesize", tmp_path / "sagittal.nrrd", output, "--weights", tiny_weights, "--progress", "json"
    )
    events = map(json.loads, done.stdout.splitlines())
    started = next(event for event in events if event["event"] == "started")
    assert started["slice_axis"] == 0
    slab = {"thickness_mm": 5.0, "spacing_mm": 5.0, "told_by": "nobody"}
    expected = {"size": [4, 32, 32], "spacing_mm": [5.0, 0.7, 0.8], "slab": slab, "values": "as stored"}
    assert started["input"] == expected
    assert started["output"] == {"size": [16, 32, 32], "spacing_mm": [1.0, 0.7, 0.8]}
    assert list(sitk.ReadImage(str(output)).GetSize()) == started["output"]["size"]


def test_uncompressed_outputs_end_with_their_raw_values(tmp_path: Path, thick_file: Path, tiny_weights: Path):
    output = tmp_path / "dls.nrrd"
    done = thinslicesr("synthesize", thick_file, output, "--weights", tiny_weights, "--uncompressed")
    assert done.returncode == 0
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(output)))
    raw = np.frombuffer(output.read_bytes()[-values.nbytes :], "<i2").reshape(values.shape)
    np.testing.assert_array_equal(raw, values)
