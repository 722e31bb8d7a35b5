"""What the doubt costs a run: whole runs with and without it, in turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .whole_runs import medians, run_measured, times


def measure_doubt(
    volume: Path, weights: str, device: str, precision: str, rounds: int, folder: Path
) -> Iterator[dict[str, Any]]:
    """Rows of `thinslicesr synthesize` on a volume's file, without and with `--doubt`; medians of the rounds.

    times_without: as many seconds as without. times_cubes: seconds of the network's cubes by those without; the trial,
    the tissues and one more file are no part of them. times_cpu: CPU seconds by those without.
    """
    arguments = ["synthesize", str(volume), str(folder / "dls.nrrd"), "--overwrite", "--progress", "json"]
    arguments += ["--weights", weights, "--device", device, "--precision", precision]
    options = {"no": [], "yes": ["--doubt", str(folder / "doubt.nrrd")]}
    runs: dict[str, list[dict[str, Any]]] = {doubt: [] for doubt in options}
    run_measured(arguments, folder)  # one that does not count brings programs into the cache of the disk
    for number in range(rounds):
        for doubt in options if number % 2 == 0 else reversed(options):
            runs[doubt].append(run_measured([*arguments, *options[doubt]], folder).facts())
    without = medians(runs["no"])
    for doubt in options:
        row = medians(runs[doubt])
        yield {
            **row,
            "doubt": doubt,
            "times_without": row["seconds"] / without["seconds"],
            "times_cubes": times(row, without, "cubes_seconds"),
            "times_cpu": times(row, without, "cpu_seconds"),
        }
