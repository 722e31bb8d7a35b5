"""`python -m benchmarks`: speed and memory of the engine; see benchmarks/README.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from ThinSliceSRLib.engine.errors import ThinSliceError

from .measurement import (
    MODELS,
    Measurement,
    Subject,
    measure_busy_machine,
    measure_cost_of_doubt,
    measure_cube_speed,
    measure_first_looks,
    measure_growths,
    measure_precision,
    measure_volumes,
)
from .report import as_text, compared, read_json
from .runs.growth import MATRICES, SLICES


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the engine's command line; failures are one sentence on stderr."""
    chosen = parser().parse_args(arguments)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    try:
        earlier = read_json(chosen.against) if chosen.against else None
        measurement = measure(chosen)
    except ThinSliceError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(as_text(measurement.content))
    if earlier:
        print(f"\n{compared(measurement.content, earlier)}")
    return 0


def measure(chosen: argparse.Namespace) -> Measurement:
    subject = Subject({name: MODELS[name] for name in chosen.models}, chosen.devices, chosen.precisions, chosen.rounds)
    measurement = Measurement(chosen.json)
    with tempfile.TemporaryDirectory(prefix="thinslicesr_benchmark_") as folder:
        if chosen.first_look is not None:
            measure_first_looks(measurement, subject, chosen.volume, chosen.first_look, Path(folder))
        if chosen.growth:
            measure_growths(measurement, subject, chosen.slices, chosen.matrices, Path(folder))
        if chosen.precision_table:
            measure_precision(measurement, subject, chosen.weights, chosen.volumes)
        if chosen.busy:
            measure_busy_machine(
                measurement, subject, chosen.busy, chosen.weights, chosen.volumes, chosen.volume, Path(folder)
            )
        if chosen.doubt:
            measure_cost_of_doubt(measurement, subject, chosen.weights, chosen.volumes, Path(folder))
        others = chosen.growth or chosen.precision_table or chosen.busy or chosen.doubt
        if not others and chosen.first_look is None:
            measure_cube_speed(measurement, subject, chosen.cube)
            if not chosen.cubes_only:
                measure_volumes(measurement, subject, chosen.volume, Path(folder))
    return measurement


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    whole.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="sizes of the network")
    whole.add_argument("--devices", nargs="+", default=["auto"], metavar="DEVICE", help="auto, cpu, cuda:0, xpu, mps")
    whole.add_argument(
        "--precisions", nargs="+", choices=("auto", "float32", "bf16", "fp16"), help="default: those native there"
    )
    whole.add_argument("--threads", type=positive, help="of the CPU; default: as PyTorch chooses")
    whole.add_argument("--rounds", type=positive, default=3, help="interleaved repetitions of each measurement")
    whole.add_argument("--json", type=Path, metavar="FILE", help="write what was measured here, row by row")
    whole.add_argument("--against", type=Path, metavar="OLD", help="the JSON of an earlier call: also print ratios")

    speed = whole.add_argument_group("cubes and volumes (the default)")
    speed.add_argument("--cube", type=rows_of_cube, default=256, help="rows and columns of the cube, such as 128")
    speed.add_argument("--volume", type=volume_size, default=(512, 512, 60), help="such as 512x512x60")
    speed.add_argument("--cubes-only", action="store_true", help="leave the volumes out")

    look = whole.add_argument_group("how soon the first slices are there to be looked at, on the CPU")
    look.add_argument(
        "--first-look",
        type=Path,
        nargs="*",
        metavar="CLONE",
        help="measure it instead, of this clone and, in turns with it, of others",
    )

    growth = whole.add_argument_group("growth with slices and matrix")
    growth.add_argument("--growth", action="store_true", help="measure it instead")
    growth.add_argument("--slices", type=positive, nargs="*", default=SLICES, help="of volumes of 256×256")
    growth.add_argument("--matrices", type=positive, nargs="*", default=MATRICES, help="of volumes of 30 slices")

    precision = whole.add_argument_group("what a precision costs in HU")
    precision.add_argument("--precision-table", action="store_true", help="measure it instead")
    precision.add_argument("--weights", nargs="+", default=["auto"], metavar="NAME|FILE", help="trained weights")
    precision.add_argument("--volumes", type=Path, nargs="+", default=[], metavar="FILE", help="default: the phantom")

    busy = whole.add_argument_group("a busy machine, with the same weights, and volumes or --volume")
    busy.add_argument("--busy", type=positive, metavar="N", help="measure it instead, beside N loops without rest")

    doubt = whole.add_argument_group("what the doubt costs a whole run, with the same weights and volumes")
    doubt.add_argument("--doubt", action="store_true", help="measure it instead")
    return whole


def positive(argument: str) -> int:
    number = int(argument)
    if number < 1:
        raise ValueError(argument)
    return number


def rows_of_cube(argument: str) -> int:
    """Rows and columns that every model takes."""
    number = positive(argument)
    if number % 16:
        raise ValueError(argument)
    return number


def volume_size(argument: str) -> tuple[int, int, int]:
    """Columns, rows and slices of a volume, from "512x512x60"."""
    columns, rows, slices = map(positive, argument.lower().replace("×", "x").split("x"))
    return columns, rows, slices


if __name__ == "__main__":
    sys.exit(main())
