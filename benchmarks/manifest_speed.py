"""`python -m benchmarks.manifest_speed`: what a row of a batch's manifest costs among few rows and among a million.

As a batch does it: each volume is looked up, all are taken in as waiting, each is put again by itself as it ends, and
at the end the tables are written.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ThinSliceSRLib.engine.batch.manifest.manifest import RECORD_NAME, Manifest
from ThinSliceSRLib.engine.batch.manifest.row import Row
from ThinSliceSRLib.engine.batch.manifest.tables import CSV_NAME, JSON_NAME
from ThinSliceSRLib.engine.batch.settings import Settings

from .runs.measured_process import process_peak_bytes

WARNING = "The slices are 5 mm apart but 7 mm thick, so they overlap; the result is as sharp as the slices allow."


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.manifest_speed", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 1_000_000], help="one line for each number")
    parser.add_argument("--folder", type=Path, help="where the manifests are written; else in that of temporary files")
    chosen = parser.parse_args(arguments)
    print(f"load {os.getloadavg()}")
    for count in chosen.rows:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            print(measured(Path(folder), count), flush=True)
    print(f"load {os.getloadavg()}")


def measured(folder: Path, count: int) -> str:
    """What a manifest of so many rows cost, in a line, with the most memory that this process has held until then."""
    manifest = Manifest(folder)
    with manifest:
        looked_up = per_row_ms(_look_up_all, manifest, count)
        taken_in = per_row_ms(_take_in, manifest, count)
        ended = per_row_ms(_put_one_by_one, manifest, count)
        looked_up_again = per_row_ms(_look_up_all, manifest, count)
        tables = per_row_ms(_write_tables, manifest, count)
    megabytes = {name: (folder / name).stat().st_size / 1e6 for name in (RECORD_NAME, CSV_NAME, JSON_NAME)}
    sizes = ", ".join(f"{name} {size:.1f} MB" for name, size in megabytes.items())
    return (
        f"{count} rows, each: {looked_up} looked up at first, {taken_in} taken in, {ended} put as it ends, "
        f"{looked_up_again} looked up by a later run, {tables} written as tables; {sizes}; "
        f"memory at most {process_peak_bytes() / 1e6:.0f} MB"
    )


def per_row_ms(work: Callable[[Manifest, int], None], manifest: Manifest, count: int) -> str:
    """The time that it takes for each row, and that of the CPU, which a busy machine makes no longer."""
    began, cpu_began = time.perf_counter(), time.process_time()
    work(manifest, count)
    ms, cpu_ms = (1000 * seconds / count for seconds in (time.perf_counter() - began, time.process_time() - cpu_began))
    return f"{ms:.3f} ms ({cpu_ms:.3f} of CPU)"


def _waiting(number: int) -> Row:
    """The row of a volume before it is begun, as long as those of real batches are."""
    uid = f"1.2.826.0.1.3680043.8.498.{10**38 + number}"
    options = Settings().described("0" * 64)
    return Row(
        "https://pacs.example/dicom-web", uid, series=uid, engine_version="1.0", options=options, version="60 instances"
    )


def _done(number: int) -> Row:
    waiting = _waiting(number)
    return replace(
        waiting,
        state="done",
        output=f"{waiting.name}_DLS.nrrd",
        dicom=f"{waiting.name}_DICOM",
        findings=[{"code": "thickness_doubtful", "message": WARNING}],
        seconds=27.5,
        slab_error_mean_hu=0.3,
        slab_error_p99_hu=2.5,
        model="cthnet-small 4",
        model_sha256="0" * 64,
        device="cuda:0 NVIDIA A100-SXM4-40GB",
        precision="bf16",
        sent=[f"{waiting.name}.1"],
        bytes=89_300_000,
    )


def _look_up_all(manifest: Manifest, count: int) -> None:
    """As `Planner.plan` does."""
    for number in range(count):
        waiting = _waiting(number)
        manifest.row(waiting.key)
        manifest.owner_of(waiting.name)


def _take_in(manifest: Manifest, count: int) -> None:
    manifest.put(_waiting(number) for number in range(count))


def _put_one_by_one(manifest: Manifest, count: int) -> None:
    for number in range(count):
        manifest.put([_done(number)])


def _write_tables(manifest: Manifest, count: int) -> None:
    manifest.write_tables()


if __name__ == "__main__":
    main()
