"""The text to paste into a forum: what it tells, and what it must not tell."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from ThinSliceSRLib.desktop.setup.diagnostics import diagnostics_text, without_home, without_names
from ThinSliceSRLib.desktop.setup.weights_list import weights_list_of
from ThinSliceSRLib.engine import ENGINE_VERSION

LIBRARY = Path(__file__).resolve().parents[3]
GPU = {"device": "cuda:0", "name": "NVIDIA Example", "memory_bytes": 24e9, "free_bytes": 20e9, "precision": "bf16"}
CPU = {"device": "cpu", "name": "", "memory_bytes": None, "free_bytes": None, "precision": "float32"}
DEVICES = {"torch": "2.9.0", "cuda": "12.6", "devices": [GPU, CPU], "auto": "cuda:0"}


def told_by_engine(*arguments: str) -> str:
    command = [sys.executable, "-m", "ThinSliceSRLib.engine", *arguments]
    return subprocess.run(command, cwd=LIBRARY, capture_output=True, text=True, check=True).stdout


def test_it_tells_versions_of_everything_that_takes_part() -> None:
    import slicer

    text = diagnostics_text()

    assert text.startswith(f"ThinSliceSR {ENGINE_VERSION}\nSlicer {slicer.app.applicationVersion} (revision ")
    assert f"Python {platform.python_version()}" in text
    assert platform.machine() in text
    assert f"torch {version('torch')}" in text
    assert "light-the-torch not installed" in text


def test_it_can_be_made_before_anything_is_known() -> None:
    text = diagnostics_text(None, None, None)

    assert "Devices: not known\nWeights: not known\nLast run: none\nLog:" in text


def test_it_tells_devices_and_their_memory() -> None:
    text = diagnostics_text(devices=DEVICES)

    assert "Devices (PyTorch 2.9.0, CUDA 12.6, automatic: cuda:0):" in text
    assert "  cuda:0 NVIDIA Example, bf16, 24.0 GB memory, 20.0 GB free\n  cpu, float32\n" in text


def test_it_understands_what_the_engine_tells_of_devices_and_weights() -> None:
    started, devices = map(json.loads, told_by_engine("available").splitlines())
    weights = weights_list_of(started)

    text = diagnostics_text(devices, weights)

    assert f"(PyTorch {version('torch')}, " in text
    assert "\n  cpu" in text
    assert "cthnet-small, 4.3 MB, registered, " in text


def test_of_the_last_run_it_tells_facts_but_no_files() -> None:
    run = {"device": "cpu", "seconds": 21.5, "outputs": {"dls": "/data/Miller.nrrd"}, "slab_error_hu": {"mean": 0.1}}

    text = diagnostics_text(last_run=run)

    assert '  device: "cpu"\n  seconds: 21.5\n  slab_error_hu: {"mean": 0.1}' in text
    assert "Miller" not in text


def test_only_the_last_lines_of_the_log_are_told() -> None:
    lines = [f"line {number}." for number in range(100)]

    text = diagnostics_text(log_lines=lines)

    assert "  line 60.\n" in text
    assert text.endswith("  line 99.")
    assert "line 59." not in text


def test_names_of_nodes_are_hidden_in_failures_and_logs() -> None:
    run = {"message": "Miller Anna CT 5 mm cannot be used."}
    lines = ["reading miller anna ct 5 mm", "Miller Anna is not there"]

    text = diagnostics_text(last_run=run, log_lines=lines, names=["Miller Anna", "Miller Anna CT 5 mm", " "])

    assert "miller" not in text.lower()
    assert "[name] cannot be used." in text
    assert "reading [name]\n  [name] is not there" in text


def test_a_name_within_a_word_leaves_the_word() -> None:
    assert without_names("CT of the chest in cthnet", ["ct"]) == "[name] of the chest in cthnet"


def test_the_home_folder_is_nowhere_in_the_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "Anna Miller"
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(home))

    text = diagnostics_text(last_run={"message": f"{home}/x is full"}, log_lines=[f"in {home}/Slicer/lib"])

    assert '"~/x is full"' in text
    assert "in ~/Slicer/lib" in text
    assert "Miller" not in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (r"C:\Users\Anna Miller\AppData\x.py", r"~\AppData\x.py"),
        (r"c:/users/anna miller/AppData/x.py", "~/AppData/x.py"),
        (r'"C:\\Users\\Anna Miller\\x"', r'"~\\x"'),
        (r"C:\Users\ANNAMI~1\AppData\Local\Temp", r"~\AppData\Local\Temp"),
        ("/home/other/ThinSliceSR", "~/ThinSliceSR"),
        (r"C:\Program Files\Slicer", r"C:\Program Files\Slicer"),
    ],
)
def test_the_home_folder_is_hidden_however_it_is_written(line: str, told: str) -> None:
    assert without_home(line, Path(r"C:\Users\Anna Miller")) == told


def test_a_folder_whose_name_only_begins_like_the_home_folder_stays() -> None:
    assert without_home("/root2/x and /root/x", Path("/root")) == "/root2/x and ~/x"


def test_a_user_whose_home_is_the_root_of_the_file_system_keeps_a_readable_text() -> None:
    assert without_home("/opt/Slicer", Path("/")) == "/opt/Slicer"
