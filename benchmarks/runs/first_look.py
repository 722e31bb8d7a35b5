"""The first look: from the start of a process to the first finished slices in the preview, where the viewer looks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from ThinSliceSRLib.engine.errors import ThinSliceError

from .whole_runs import ROOT, cpu_seconds_of_children

FIGURES = ("cube_begins_seconds", "seconds", "cpu_seconds")


def measure_first_look(
    volume: Path, first_at_mm: float, weights: Path, precision: str, rounds: int, clones: Sequence[Path], folder: Path
) -> Iterator[dict[str, Any]]:
    """A row for this clone and each of the others: the program of each looks first at the same place, in turns.

    cube_begins_seconds, seconds: from the start of the process to the first cube's beginning, and to the first finished
    slices, which the preview then shows; there each run is ended. cpu_seconds: of the whole process until then.
    times_…: how many times as much that is as of this clone, the median over the rounds.
    """
    looks: dict[Path, list[dict[str, Any]]] = {clone: [] for clone in dict.fromkeys((ROOT, *clones))}
    for number in range(rounds + 1):
        for clone in list(looks)[:: 1 if number % 2 else -1]:
            look = _look(clone, volume, first_at_mm, weights, precision, folder)
            if number > 0:  # one that does not count brings programs and libraries into the cache of the disk
                looks[clone].append(look)
    for clone, rows in looks.items():
        row = {**rows[0], **{figure: median(row[figure] for row in rows) for figure in FIGURES}}
        for figure in FIGURES if clone != ROOT else ():
            ratios = (other[figure] / own[figure] for other, own in zip(rows, looks[ROOT], strict=True))
            row[f"times_{figure}"] = median(ratios)
        yield row


def _look(clone: Path, volume: Path, first_at_mm: float, weights: Path, precision: str, folder: Path) -> dict[str, Any]:
    """One run, ended as soon as the first slices are there. Raises ThinSliceError when it ends before."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(torch.get_num_threads()))
    environment = {**os.environ, **threads, "PYTHONPATH": str(clone / "ThinSliceSR")}
    preview = folder / "first_look.nhdr"
    command = [sys.executable, "-m", "ThinSliceSRLib.engine", "synthesize", volume, folder / "first_look.nrrd"]
    command += ["--preview", preview, "--first-at", first_at_mm, "--weights", weights, "--progress", "json"]
    command += ["--device", "cpu", "--precision", precision]
    row: dict[str, Any] = {"clone": clone.name, "device": "cpu"}
    cpu_before, began = cpu_seconds_of_children(), time.perf_counter()
    with subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # for it is a pipe
        for line in process.stdout:
            seconds, event = time.perf_counter() - began, json.loads(line)
            if event["event"] == "started":
                row |= {"model": event["weights"]["name"], "precision": event["precision"]}
                row["size"] = event["input"]["size"]
            if event.get("stage") == "synthesize" and event["done"] == 0:
                row["cube_begins_seconds"] = seconds
            if event.get("slices"):
                row["seconds"] = seconds
                process.kill()
                break
    row["cpu_seconds"] = cpu_seconds_of_children() - cpu_before
    for file in (preview, preview.with_suffix(".raw")):
        file.unlink(missing_ok=True)  # a process that was killed leaves them
    if "seconds" not in row:
        raise ThinSliceError(f"The program in {clone} ended before it had made a slice; see what it says above.")
    return row
