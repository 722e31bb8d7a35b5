"""What the doubt costs a run: whole runs with and without it, in turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .busy import medians
from .whole_runs import run_measured

OPTIONS: dict[str, list[str]] = {"no": [], "yes": ["--doubt", "doubt.nrrd"]}


def measure_doubt(
    volume: Path, weights: str, device: str, precision: str, rounds: int, folder: Path
) -> Iterator[dict[str, Any]]:
    """Rows of `thinslicesr synthesize` on a volume's file, without and with `--doubt`; medians of the rounds.

    times_without: as many seconds as without. times_cpu: CPU seconds by those without.
    """
    arguments = ["synthesize", str(volume), "dls.nrrd", "--overwrite", "--progress", "json"]
    arguments += ["--weights", weights, "--device", device, "--precision", precision]
    runs: dict[str, list[dict[str, Any]]] = {doubt: [] for doubt in OPTIONS}
    run_measured(arguments, folder)  # one that does not count brings programs into the cache of the disk
    for number in range(rounds):
        for doubt in OPTIONS if number % 2 == 0 else reversed(OPTIONS):
            run = run_measured([*arguments, *OPTIONS[doubt]], folder)
            started, done = run.event("started"), run.event("finished")
            facts = {"model": started["weights"]["name"], "size": started["input"]["size"]}
            facts |= {"device": done["device"], "precision": done["precision"]}
            runs[doubt].append({**facts, "seconds": run.seconds, "cpu_seconds": run.cpu_seconds})
    without = medians(runs["no"])
    for doubt in OPTIONS:
        row = medians(runs[doubt])
        yield {
            **row,
            "doubt": doubt,
            "times_without": row["seconds"] / without["seconds"],
            "times_cpu": row["cpu_seconds"] / without["cpu_seconds"],
        }
