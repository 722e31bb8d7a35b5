"""`python -m benchmarks.batch_throughput`: how many volumes a batch does in a day on this machine.

The real command line on copies of one chest, with nothing else to read or write than any batch has. Its seconds are
those from its first volume to its last, without the start of its workers, which long batches do not notice.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ThinSliceSRLib.engine.files.writing import PendingOutputs

from .runs.chests import chest_of, drawn_chest

LIBRARY = Path(__file__).parents[1] / "ThinSliceSR"
DAY_S = 86400


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch_throughput", description=__doc__)
    parser.add_argument("--volumes", type=int, default=4)
    parser.add_argument("--matrix", type=int, default=512)
    parser.add_argument("--slices", type=int, default=60)
    parser.add_argument("--workers", type=int, nargs="+", default=[1], help="one row for each number")
    parser.add_argument("--weights", default="cthnet-small")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    size = (arguments.matrix, arguments.matrix, arguments.slices)
    print(f"{arguments.volumes} volumes of {size[0]}×{size[1]}×{size[2]}, {arguments.weights}, load {os.getloadavg()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_chests(folder / "in", size, arguments.volumes)
        for workers in arguments.workers:
            shutil.rmtree(folder / "out", ignore_errors=True)
            options = ("--workers", str(workers), "--weights", arguments.weights, "--device", arguments.device)
            print(measured(folder / "in", folder / "out", options, arguments.volumes), flush=True)
    print(f"load {os.getloadavg()}")


def write_chests(folder: Path, size: tuple[int, int, int], count: int) -> None:
    """One chest as compressed NRRD, `count` times."""
    folder.mkdir()
    with PendingOutputs() as outputs:
        outputs.write(chest_of(size, drawn_chest()), folder / "chest0.nrrd")
    for number in range(1, count):
        shutil.copy(folder / "chest0.nrrd", folder / f"chest{number}.nrrd")


def measured(source: Path, destination: Path, options: tuple[str, ...], volumes: int) -> str:
    """What one batch took, in a line."""
    command = [sys.executable, "-m", "ThinSliceSRLib.engine", "batch", str(source), str(destination), *options]
    before = _cpu_seconds()
    run = subprocess.run(
        [*command, "--progress", "json"],
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cpu_s = (_cpu_seconds() - before) / volumes
    events = [json.loads(line) for line in run.stdout.splitlines()]
    started, seconds = events[0], events[-1]["seconds"]
    read, written = (
        sum(path.stat().st_size for path in folder.glob("*.nrrd")) / volumes / 1e6 for folder in (source, destination)
    )
    return (
        f"{started['workers']} workers on {started['device']} ({started['precision']}): {seconds / volumes:.1f} s per "
        f"volume ({cpu_s:.1f} s of CPU), {DAY_S * volumes / seconds:.0f} volumes per day; "
        f"{read:.1f} MB read and {written:.1f} MB written per volume"
    )


def _cpu_seconds() -> float:
    """Of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
