"""What other programs cost a run, and it costs itself: whole runs alone and beside loops that never rest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from ThinSliceSRLib.engine.busy_machine import SLEEP
from ThinSliceSRLib.engine.devices.threads import cores_here

from .whole_runs import medians, run_measured, times

# How threads wait for each other: as the program has it, and as GNU's and LLVM's OpenMP would by themselves.
WAITS = {"asleep": SLEEP, "by themselves": {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200"}}


def measure_busy(
    volume: Path, weights: str, device: str, precision: str, loops: int, rounds: int, folder: Path
) -> Iterator[dict[str, Any]]:
    """Rows of `thinslicesr synthesize` on a volume's file: threads waiting in each way, quiet and beside the loops.

    Each figure is the median of rounds in which all four take turns. times_quiet: as many seconds as a quiet run with
    threads that sleep; of_fair_share: those seconds by what the loops leave to a run whose threads get as much of the
    cores as each loop; times_cpu: its CPU seconds by those of that run.
    """
    arguments = ["synthesize", volume, folder / "dls.nrrd", "--overwrite", "--progress", "json"]
    arguments += ["--weights", weights, "--device", device, "--precision", precision]
    told = [str(argument) for argument in arguments]
    kinds = [(busy, waits) for busy in dict.fromkeys((0, loops)) for waits in WAITS]
    runs: dict[tuple[int, str], list[dict[str, Any]]] = {kind: [] for kind in kinds}
    run_measured(told, folder)  # one that does not count brings programs into the cache of the disk
    for number in range(rounds):
        for busy, waits in kinds if number % 2 == 0 else reversed(kinds):
            with busy_loops(busy):
                runs[busy, waits].append(run_measured(told, folder, WAITS[waits]).facts())
    quiet = medians(runs[0, "asleep"])
    for busy, waits in kinds:
        row = medians(runs[busy, waits])
        times_quiet = row["seconds"] / quiet["seconds"]
        yield {
            **row,
            "loops": busy,
            "waits": waits,
            "times_quiet": times_quiet,
            "of_fair_share": times_quiet / slower_by_fair_share(busy, torch.get_num_threads(), cores_here()),
            "times_cpu": times(row, quiet, "cpu_seconds"),
        }


def slower_by_fair_share(loops: int, threads: int, cores: int) -> float:
    """How many times as long a run takes, for all of whose threads there would be a core, beside so many loops."""
    alone = min(threads, cores)
    return alone / min(alone, cores * threads / (threads + loops))


@contextmanager
def busy_loops(count: int) -> Iterator[Sequence[int]]:
    """Processes that compute without rest, for as long as the block lasts; their numbers."""
    loops = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield [loop.pid for loop in loops]
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
