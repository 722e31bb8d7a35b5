"""Whole runs of the command line, each in a process of its own: their times, told by their events, and their memory."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from ThinSliceSRLib.engine.busy_machine import WAITING
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network

ROOT = Path(__file__).resolve().parents[2]
SECONDS = ("seconds", "cubes_seconds", "cpu_seconds")
VALUE_BYTES = 2  # HU in and out are int16


@dataclass(frozen=True)
class RunFiles:
    """A folder for the inputs, weights and outputs of measured runs."""

    folder: Path

    def volume(self, volume: Volume) -> Path:
        """The volume's file, written if it is not there yet."""
        path = self.folder / "thick_{}x{}x{}.nrrd".format(*volume.size)
        if not path.exists():
            with PendingOutputs(compressed=False) as outputs:
                outputs.write(volume, path)
        return path

    def weights(self, name: str, config: NetworkConfiguration) -> Path:
        """Untrained weights of the model, which take as long as trained ones."""
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            save_weights(path, untrained_network(config), name, trained=False)
        return path


def measure_whole_run(
    files: RunFiles, name: str, config: NetworkConfiguration, volume: Path, device: str, precision: str
) -> dict[str, Any]:
    """One row: `thinslicesr synthesize` on a volume's file.

    seconds: from the start of the process to its end. start_up: until it begins with the first cube. first_cube: until
    that is done. first_slices: until the first thin slices are finished. synthesis: from HU array to HU array, with
    what a device does once at its first use. Memory is that of the process; `beyond_volumes` is what remains of it
    without the input and the output in 16 bits. Raises ThinSliceError with the run's own sentence when it fails.
    """
    output = files.folder / "dls.nrrd"
    arguments = ["synthesize", volume, output, "--overwrite", "--progress", "json"]
    arguments += ["--weights", files.weights(name, config), "--device", device, "--precision", precision]
    run = run_measured([str(argument) for argument in arguments], files.folder)
    output.unlink()
    started, finished = run.event("started"), run.event("finished")
    start_up, first_slices = run.at(stage="synthesize", done=0), run.first_slices()
    voxels = sum(math.prod(started[grid]["size"]) for grid in ("input", "output"))
    return {
        "model": name,
        "device": finished["device"],
        "precision": finished["precision"],
        "size": started["input"]["size"],
        "cubes": started["cubes"],
        "seconds": run.seconds,
        "start_up_seconds": start_up,
        "first_cube_seconds": run.at(stage="synthesize", done=1),
        "first_slices_seconds": first_slices,
        "first_slices_share": first_slices / run.seconds,
        "synthesis_seconds": run.at(stage="write", done=0) - start_up,
        "cpu_seconds": run.cpu_seconds or None,
        "cores": run.cpu_seconds / run.seconds or None,
        **run.memory,
        "beyond_volumes_bytes": run.memory["process_peak_bytes"] - VALUE_BYTES * voxels,
    }


@dataclass(frozen=True)
class MeasuredRun:
    """What a run told: its events with the seconds since its start, all its seconds, and its peaks of memory.

    cpu_seconds: 0 where the system does not tell (Windows).
    """

    events: list[tuple[float, dict[str, Any]]]
    seconds: float
    cpu_seconds: float
    memory: dict[str, Any]

    def event(self, name: str) -> dict[str, Any]:
        return next(event for _, event in self.events if event["event"] == name)

    def at(self, **facts: Any) -> float:
        """When the first event with these facts came."""
        return next(when for when, event in self.events if facts.items() <= event.items())

    def first_slices(self) -> float:
        return next(when for when, event in self.events if event.get("slices"))

    def facts(self) -> dict[str, Any]:
        """A row: what ran where, its seconds, those of its cubes, and CPU seconds."""
        started, finished = self.event("started"), self.event("finished")
        return {
            "model": started["weights"]["name"],
            "size": started["input"]["size"],
            "device": finished["device"],
            "precision": finished["precision"],
            "seconds": self.seconds,
            "cubes_seconds": self.at(stage="synthesize", done=started["cubes"]) - self.at(stage="synthesize", done=0),
            "cpu_seconds": self.cpu_seconds,
        }


def medians(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of rows of one kind, see `facts`, with the medians of their seconds."""
    return {**rows[0], **{key: median(row[key] for row in rows) for key in SECONDS}}


def times(row: dict[str, Any], other: dict[str, Any], key: str) -> float | None:
    """By how many times the seconds of `row` are those of the other; None where the system tells none."""
    return row[key] / other[key] if other[key] else None


def run_measured(arguments: list[str], folder: Path, waiting: Mapping[str, str] | None = None) -> MeasuredRun:
    """Runs the engine's command line in a new process with as many threads as this one has.

    folder: for what it tells beside its events. waiting: the environment by which its threads wait for each other;
    None leaves that as it is. Raises ThinSliceError with the run's last sentence when it fails.
    """
    report, told = folder / "memory.json", folder / "told.txt"
    paths = [str(ROOT), str(ROOT / "ThinSliceSR"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(torch.get_num_threads()))
    if waiting is not None:
        environment = {name: value for name, value in environment.items() if name not in WAITING} | dict(waiting)
    command = [sys.executable, "-m", "benchmarks.runs.measured_process", str(report), *arguments]
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()  # how much of a GPU is free decides how many cubes the run computes at a time
    events = []
    cpu_before, began = cpu_seconds_of_children(), time.perf_counter()
    with (
        told.open("w") as stderr,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        assert process.stdout is not None  # for it is a pipe
        for line in process.stdout:
            events.append((time.perf_counter() - began, json.loads(line)))
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        last = (told.read_text().splitlines() or [f"it ended with exit code {process.returncode}"])[-1]
        raise ThinSliceError(f"A measured run failed: {last}")
    cpu_seconds = cpu_seconds_of_children() - cpu_before
    return MeasuredRun(events, seconds, cpu_seconds, json.loads(report.read_text(encoding="utf-8")))


def cpu_seconds_of_children() -> float:
    """CPU time of the processes that were waited for."""
    told = os.times()
    return told.children_user + told.children_system
