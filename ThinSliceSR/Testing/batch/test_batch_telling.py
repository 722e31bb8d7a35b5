"""What a batch tells while it works, and when it cannot begin: progress, missing packages and weights, no scheduler."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from batches import ENVIRONMENT, finish, start, write_thick
from ThinSliceSRLib.engine.batch.workers.existing_cluster import existing_cluster
from ThinSliceSRLib.engine.errors import UnusableInput


def test_progress_as_json_tells_of_volumes(tmp_path: Path, weights: Path, scheduler: str):
    write_thick(tmp_path / "in" / "good.nrrd")
    write_thick(tmp_path / "in" / "tiny.nrrd", matrix=4)
    code, told, problems = finish(
        start(tmp_path / "in", tmp_path / "out", "--weights", weights, "--scheduler", scheduler, "--progress", "json")
    )
    events = [json.loads(line) for line in told.splitlines()]
    assert code == 2
    assert problems.startswith("1 of 2 volumes failed; ")
    assert events[0]["volumes"] == 2
    assert events[0]["workers"] == 2
    assert events[0]["weights"]["name"] == "tiny (untrained)"
    assert [event["done"] for event in events if event["event"] == "progress"] == [0, 1, 2]
    [warning] = [event for event in events if event["event"] == "warning"]
    assert warning["code"] == "too_small"
    assert warning["message"].startswith("tiny: The slices have only 4 by 4 pixels")
    assert events[-1]["code"] == "volumes_failed"


def test_progress_as_a_bar_tells_of_the_dashboard_and_of_failures(tmp_path: Path, weights: Path, scheduler: str):
    write_thick(tmp_path / "in" / "good.nrrd")
    write_thick(tmp_path / "in" / "tiny.nrrd", matrix=4)
    code, _, told = finish(
        start(tmp_path / "in", tmp_path / "out", "--weights", weights, "--scheduler", scheduler, "--progress", "bar")
    )
    assert code == 2
    assert "tiny (untrained) on cpu" in told
    assert "2 volumes\ndashboard: " in told
    assert "Warning: tiny: The slices have only 4 by 4 pixels" in told
    assert "volumes: 100%" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("missing", "source", "sentence"),
    [
        ("distributed", "a.nrrd", "pip install distributed cryptography"),
        ("dicomweb_client", "https://archive.example/dicom-web", "pip install dicomweb-client"),
    ],
)
def test_a_missing_extra_is_told_in_one_sentence(missing: str, source: str, sentence: str, tmp_path: Path):
    write_thick(tmp_path / "a.nrrd")
    program = f"import sys; sys.modules[{missing!r}] = None; from ThinSliceSRLib.engine.__main__ import run; run()"
    run = subprocess.run(
        [sys.executable, "-c", program, "batch", source, "out"],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.endswith(f"{sentence}\n")
    assert run.stderr.count("\n") == 1


def test_missing_weights_are_told_before_any_volume(tmp_path: Path, scheduler: str):
    write_thick(tmp_path / "a.nrrd")
    code, _, problems = finish(
        start(tmp_path / "a.nrrd", tmp_path / "out", "--weights", "none-such", "--scheduler", scheduler)
    )
    assert code == 3
    assert problems.startswith("No weights named none-such are ")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_no_scheduler_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch):
    monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.existing_cluster.CONNECT_S", 0.5)
    write_thick(tmp_path / "a.nrrd")
    with pytest.raises(UnusableInput, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1;"):
        batch(tmp_path / "a.nrrd", tmp_path / "out", scheduler="tcp://127.0.0.1:1")


def test_nobody_says_goodbye_to_a_scheduler_that_never_answered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.existing_cluster.CONNECT_S", 0.5)
    states = []
    monkeypatch.setattr("distributed.Client.close", lambda client, *_, **__: states.append(client.status))
    with pytest.raises(UnusableInput), existing_cluster("nowhere", ExitStack()):
        pass
    gc.collect()
    assert set(states) == {"closed"}  # one that is forgotten in another state waits and shows a traceback
