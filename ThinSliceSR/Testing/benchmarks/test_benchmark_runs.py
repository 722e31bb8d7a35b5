"""The benchmark's command, end to end and tiny: its tables, its JSON, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network

from benchmarks import measurement
from benchmarks.__main__ import main
from benchmarks.report import TABLES
from benchmarks.runs.busy import busy_loops, slower_by_fair_share
from benchmarks.runs.whole_runs import RunFiles, measure_whole_run

TINY = ["--models", "small", "--devices", "cpu", "--precisions", "float32", "bf16", "--rounds", "1"]


@pytest.fixture(autouse=True)
def _quick_products(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmarks.network.matrix_speed.SECONDS_OF_EACH", 0)
    monkeypatch.setattr("benchmarks.network.matrix_speed.SQUARE_ON_CPU", 64)


@pytest.fixture(autouse=True)
def _a_cpu_with_bf16(monkeypatch: pytest.MonkeyPatch):
    """PyTorch computes it on every CPU; those without it natively only take long, which the smallest cubes do not."""
    monkeypatch.setattr("ThinSliceSRLib.engine.devices.device.cpu_has_bf16", lambda *_: True)


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_cubes_give_rows_for_the_published_layers_and_each_precision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "cubes.json"
    assert main([*TINY, "--threads", "1", "--cubes-only", "--cube", "16", "--json", str(file)]) == 0

    content = json.loads(file.read_text())
    assert content["machine"]["threads"] == 1
    rows = content["cubes"]
    assert [(row["implementation"], row["precision"]) for row in rows] == [
        ("published layers", "float32"),
        ("engine", "float32"),
        ("engine", "bf16"),
    ]
    assert rows[0]["times_published"] == rows[0]["times_published_cpu"] == 1
    for row in rows:
        assert row["cube"] == [8, 16, 16]
        assert row["seconds"] > 0
        assert row["matrix_share"] * row["matrix_speed"] > 0
        assert row["gpu_working_bytes"] is None
    table = capsys.readouterr().out
    assert TABLES["cubes"][0] in table
    assert "8×16×16" in table
    assert "GPU GB" not in table


def test_the_first_look_of_two_clones_is_measured_in_turns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], thick_volume: Volume, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(measurement, "drawn_chest", lambda: thick_volume)
    (tmp_path / "other").symlink_to(Path(__file__).parents[3])
    options = [*TINY, "--precisions", "float32", "--volume", "16x16x8", "--json", str(tmp_path / "look.json")]
    assert main([*options, "--first-look", str(tmp_path / "other")]) == 0

    this, stood_by, other = json.loads((tmp_path / "look.json").read_text())["first_look"]
    assert [row["process"] for row in (this, stood_by, other)] == ["new", "stood by", "new"]
    for row in (this, stood_by, other):
        assert 0 < row["cube_begins_seconds"] < row["seconds"]
        assert row["cpu_seconds"] > 0
        assert row["size"] == [16, 16, 8]
    for row in (stood_by, other):
        assert row["times_seconds"] == pytest.approx(row["seconds"] / this["seconds"])  # of one round
    assert "times_seconds" not in this
    assert TABLES["first_look"][0] in capsys.readouterr().out


def test_a_program_that_ends_before_it_made_a_slice_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert main([*TINY, "--volume", "16x16x1", "--first-look"]) != 0
    assert "before it had made a slice" in capfd.readouterr().err


def test_volumes_and_growth_run_the_command_line_and_tell_its_times_and_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], thick_volume: Volume, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(measurement, "drawn_chest", lambda: thick_volume)
    monkeypatch.setattr("benchmarks.runs.growth.drawn_chest", lambda: thick_volume)
    file = tmp_path / "all.json"
    options = [*TINY, "--precisions", "float32", "--threads", "1", "--cube", "16", "--volume", "16x16x8"]
    assert main([*options, "--json", str(file)]) == 0

    (row,) = json.loads(file.read_text())["volumes"]
    assert row["size"] == [16, 16, 8]
    assert 0 < row["start_up_seconds"] <= row["first_cube_seconds"] <= row["first_slices_seconds"] < row["seconds"]
    assert 0 < row["synthesis_seconds"] < row["seconds"] - row["start_up_seconds"]
    assert row["process_peak_bytes"] > row["beyond_volumes_bytes"] > 50e6
    assert row["process_peak_bytes"] - row["beyond_volumes_bytes"] == 2 * 16 * 16 * (8 + 36)
    assert row["gpu_peak_bytes"] is None

    capsys.readouterr()
    growth = ["--growth", "--slices", "--matrices", "16", "--against", str(file)]
    assert main([*TINY, "--precisions", "float32", "--threads", "1", *growth]) == 0
    told = capsys.readouterr().out
    assert "16×16×30" in told
    assert "no row in common" in told


def test_a_measurement_is_set_beside_an_earlier_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "before.json"
    options = [*TINY, "--threads", "1", "--cubes-only", "--cube", "16"]
    assert main([*options, "--json", str(file)]) == 0
    before = json.loads(file.read_text())
    for row in before["cubes"]:
        row["seconds"] = 1000.0
    file.write_text(json.dumps(before))
    capsys.readouterr()
    assert main([*options, "--against", str(file)]) == 0
    told = capsys.readouterr().out
    _, comparison = told.split("Beside the earlier one")
    assert comparison.count("1000.000") == 3


def test_precisions_are_compared_in_hu_and_volumes_are_told_by_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], thick_volume: Volume
):
    scan = tmp_path / "Doe^Jane.nrrd"
    RunFiles(tmp_path).volume(thick_volume).rename(scan)
    network = untrained_network(SMALL)
    torch.nn.init.constant_(network.conv_last.weight, 0.005)
    weights = tmp_path / "model.safetensors"
    save_weights(weights, network, "model", trained=True)
    file = tmp_path / "precision.json"
    options = ["--devices", "cpu", "--precisions", "bf16", "--precision-table", "--json", str(file)]
    assert main([*options, "--weights", str(weights), "--volumes", str(scan)]) == 0

    (row,) = json.loads(file.read_text())["precision"]
    assert row["precision"] == "bf16"
    assert row["volume"] == 1
    assert 0 < row["mean_hu"] <= row["p99_9_hu"] <= row["largest_hu"]
    assert "Doe" not in file.read_text() + capsys.readouterr().out


def test_a_busy_machine_is_measured_beside_a_quiet_one_with_threads_that_sleep_and_that_do_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], thick_volume: Volume
):
    file = tmp_path / "busy.json"
    options = ["--devices", "cpu", "--precisions", "float32", "--rounds", "1", "--threads", "1", "--busy", "1"]
    scan = RunFiles(tmp_path).volume(thick_volume)
    weights = RunFiles(tmp_path).weights("small", SMALL)
    assert main([*options, "--weights", str(weights), "--volumes", str(scan), "--json", str(file)]) == 0

    rows = json.loads(file.read_text())["busy"]
    kinds = [(row["loops"], row["waits"]) for row in rows]
    assert kinds == [(0, "asleep"), (0, "by themselves"), (1, "asleep"), (1, "by themselves")]
    assert rows[0]["times_quiet"] == rows[0]["times_cpu"] == 1
    for row in rows:
        assert row["times_quiet"] == pytest.approx(row["seconds"] / rows[0]["seconds"])
        assert row["times_cpu"] == pytest.approx(row["cpu_seconds"] / rows[0]["cpu_seconds"])
    assert TABLES["busy"][0] in capsys.readouterr().out


def test_the_cost_of_the_doubt_is_that_of_runs_with_it_by_runs_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], thick_volume: Volume, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    file, weights = (
        tmp_path / "doubt.json",
        Path(__file__).resolve().parents[3] / "model_weights" / "cthnet-small.safetensors",
    )
    options = ["--devices", "cpu", "--precisions", "float32", "--rounds", "1", "--threads", "1", "--doubt"]
    scan = RunFiles(tmp_path).volume(thick_volume)
    assert main([*options, "--weights", str(weights), "--volumes", str(scan), "--json", str(file)]) == 0

    without, with_doubt = json.loads(file.read_text())["doubt"]
    assert (without["doubt"], with_doubt["doubt"]) == ("no", "yes")
    assert without["times_without"] == without["times_cpu"] == 1
    assert with_doubt["times_without"] == pytest.approx(with_doubt["seconds"] / without["seconds"])
    assert with_doubt["times_cubes"] == pytest.approx(with_doubt["cubes_seconds"] / without["cubes_seconds"])
    assert TABLES["doubt"][0] in capsys.readouterr().out
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize(
    ("loops", "threads", "cores", "times"),
    [(0, 2, 2, 1), (3, 2, 2, 2.5), (1, 1, 2, 1), (1, 2, 1, 1.5), (2, 2, 8, 1)],
)
def test_a_fair_share_is_as_much_for_each_thread_as_for_each_loop(loops: int, threads: int, cores: int, times: float):
    assert slower_by_fair_share(loops, threads, cores) == pytest.approx(times)


def test_loops_are_gone_when_what_they_are_beside_fails():
    numbers: list[int] = []

    def fails_beside_loops() -> None:
        with busy_loops(2) as loops:
            numbers.extend(loops)
            raise ThinSliceError("It failed.")

    with pytest.raises(ThinSliceError):
        fails_beside_loops()
    assert len(numbers) == 2
    assert not any(psutil.pid_exists(number) for number in numbers)


def test_a_run_that_fails_says_why_in_its_own_words(tmp_path: Path, thick_volume: Volume):
    with pytest.raises(ThinSliceError, match=r"nothing\.nrrd"):
        measure_whole_run(RunFiles(tmp_path), "small", SMALL, tmp_path / "nothing.nrrd", "cpu", "float32")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "another"}'])
def test_what_is_no_earlier_benchmark_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
):
    file = tmp_path / "old.json"
    file.write_text(content)
    assert main([*TINY, "--against", str(file)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_device_that_is_not_there_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str]):
    assert main(["--devices", "cuda:99", "--cubes-only"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("wrong", [["--cube", "20"], ["--volume", "512x512"], ["--rounds", "0"], ["--models", "huge"]])
def test_wrong_usage_is_refused(wrong: list[str]):
    with pytest.raises(SystemExit):
        main(wrong)
