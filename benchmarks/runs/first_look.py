"""The first look: from the command to the first finished slices in the preview, where the viewer looks."""

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

import psutil
import torch
from ThinSliceSRLib.engine.errors import ThinSliceError

from .whole_runs import ROOT, cpu_seconds_of_children

FIGURES = ("cube_begins_seconds", "seconds", "cpu_seconds")


def measure_first_look(
    volume: Path, first_at_mm: float, weights: Path, precision: str, rounds: int, clones: Sequence[Path], folder: Path
) -> Iterator[dict[str, Any]]:
    """A row for this clone, one for a process of it that stood by, and one for each of the other clones: the program
    of each looks first at the same place, in turns.

    cube_begins_seconds, seconds: from the start of the process, or from the command to the one that stood by, to the
    first cube's beginning, and to the first finished slices, which the preview then shows; there each run is ended.
    cpu_seconds: of the whole process until then. times_…: how many times as much that is as of this clone's new
    process, the median over the rounds.
    """
    programs = dict.fromkeys(((ROOT, False), (ROOT, True), *((clone, False) for clone in clones)))
    looks: dict[tuple[Path, bool], list[dict[str, Any]]] = {program: [] for program in programs}
    for number in range(rounds + 1):
        for program in list(looks)[:: 1 if number % 2 else -1]:
            look = _look(*program, volume, first_at_mm, weights, precision, folder)
            if number > 0:  # one that does not count brings programs and libraries into the cache of the disk
                looks[program].append(look)
    for program, rows in looks.items():
        row = {**rows[0], **{figure: median(row[figure] for row in rows) for figure in FIGURES}}
        for figure in FIGURES if program != (ROOT, False) else ():
            ratios = (other[figure] / own[figure] for other, own in zip(rows, looks[ROOT, False], strict=True))
            row[f"times_{figure}"] = median(ratios)
        yield row


def _look(
    clone: Path, stands_by: bool, volume: Path, first_at_mm: float, weights: Path, precision: str, folder: Path
) -> dict[str, Any]:
    """One run, ended as soon as the first slices are there. Raises ThinSliceError when it ends before."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(torch.get_num_threads()))
    environment = {**os.environ, **threads, "PYTHONPATH": str(clone / "ThinSliceSR")}
    preview = folder / "first_look.nhdr"
    arguments = ["synthesize", volume, folder / "first_look.nrrd", "--preview", preview, "--first-at", first_at_mm]
    arguments += ["--weights", weights, "--progress", "json", "--device", "cpu", "--precision", precision]
    told = list(map(str, arguments))
    command = [sys.executable, "-m", "ThinSliceSRLib.engine", *(["--stand-by"] if stands_by else told)]
    row: dict[str, Any] = {"clone": clone.name, "process": "stood by" if stands_by else "new", "device": "cpu"}
    cpu_before, began = cpu_seconds_of_children(), time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None  # for they are pipes
        assert process.stdout is not None
        if stands_by:
            _wait_until_idle(process.pid)
            began = time.perf_counter()
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
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


def _wait_until_idle(process_id: int) -> None:
    """Waits until a process that stands by has loaded what it needs: it then takes no more processor time."""
    process = psutil.Process(process_id)
    before = -1.0
    while (used := sum(process.cpu_times()[:2])) > before:
        before = used
        time.sleep(1.0)
