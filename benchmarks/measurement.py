"""What one call of the benchmark measures, section by section; kept in a file meanwhile, as it may take hours."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.network.configuration import BASE, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.weights.model_choice import choose_model

from .machine import describe_machine, load_average
from .network.array_speed import warm_synthesis_seconds
from .network.cube_speed import measure_cubes
from .network.precision import measure_precisions, volumes_of
from .report import write_json
from .runs.busy import measure_busy
from .runs.chests import chest_of, drawn_chest, phantom_scan
from .runs.doubt import measure_doubt
from .runs.first_look import measure_first_look
from .runs.growth import departures_from_line, growth_sizes, measure_growth
from .runs.whole_runs import RunFiles, measure_whole_run

MODELS = {"base": BASE, "small": SMALL}
WARMING_SIZE = (64, 64, 8)


@dataclass(frozen=True)
class Subject:
    """What is measured. precisions: None are those that each device computes natively."""

    models: dict[str, NetworkConfiguration]
    devices: Sequence[str] = ("auto",)
    precisions: Sequence[str] | None = None
    rounds: int = 3

    def precisions_on(self, device: str) -> list[str]:
        """The precisions to measure on a device: float32, what `auto` is there, and fp16 on CUDA GPUs."""
        wanted = self.precisions
        if wanted is None:
            cuda = choose_device(device).torch_device.type == "cuda"
            wanted = ["float32", "auto", *(["fp16"] if cuda else [])]
        return list(dict.fromkeys(choose_device(device, precision).precision for precision in wanted))


@dataclass
class Measurement:
    """Rows by section, with the machine that they were measured on; in a file after every row, if one is named."""

    file: Path | None = None
    content: dict[str, Any] = field(default_factory=lambda: {"machine": describe_machine()})

    def add(self, section: str, rows: Iterable[dict[str, Any]]) -> None:
        """Adds rows to a section as they are measured."""
        for row in rows:
            self.content.setdefault(section, []).append(row)
            self.content["machine"]["load_average_after"] = load_average()
            if self.file:
                write_json(self.content, self.file)
            print(f"{section}: {row['model']}, {row['device']}, {row['precision']}", file=sys.stderr, flush=True)


def measure_cube_speed(measurement: Measurement, subject: Subject, in_plane: int) -> None:
    """Adds `cubes`."""
    for device in subject.devices:
        for name, config in subject.models.items():
            precisions = subject.precisions_on(device)
            measurement.add("cubes", measure_cubes(name, config, device, precisions, in_plane, subject.rounds))


def measure_volumes(measurement: Measurement, subject: Subject, size: tuple[int, int, int], folder: Path) -> None:
    """Adds `volumes`, of one size (columns, rows, slices)."""
    files = RunFiles(folder)
    drawn = drawn_chest()
    volume = chest_of(size, drawn)
    file = files.volume(volume)
    # One that does not count brings programs and libraries into the cache of the disk.
    measure_whole_run(files, "small", SMALL, files.volume(chest_of(WARMING_SIZE, drawn)), "cpu", "float32")

    def rows() -> Iterator[dict[str, Any]]:
        for device in subject.devices:
            for name, config in subject.models.items():
                for precision in subject.precisions_on(device):
                    row = measure_whole_run(files, name, config, file, device, precision)
                    if choose_device(device).is_gpu:
                        row["warm_synthesis_seconds"] = warm_synthesis_seconds(
                            config, volume, device, precision, subject.rounds
                        )
                    yield row

    measurement.add("volumes", rows())


def measure_first_looks(
    measurement: Measurement, subject: Subject, size: tuple[int, int, int], clones: Sequence[Path], folder: Path
) -> None:
    """Adds `first_look`: on the CPU, at the middle of a chest of one size, of this clone and of others."""
    files = RunFiles(folder)
    volume = chest_of(size, drawn_chest())
    middle_mm = volume.spacing_mm[2] * (len(volume.hu) - 1) / 2
    for name, config in subject.models.items():
        for precision in subject.precisions or ["auto"]:
            weights = files.weights(name, config)
            rows = measure_first_look(
                files.volume(volume), middle_mm, weights, precision, subject.rounds, clones, folder
            )
            measurement.add("first_look", rows)


def measure_growths(
    measurement: Measurement, subject: Subject, slices: Sequence[int], matrices: Sequence[int], folder: Path
) -> None:
    """Adds `growth` and `growth_lines`."""
    sizes = growth_sizes(slices, matrices)
    for device in subject.devices:
        precisions = subject.precisions_on(device)
        measurement.add("growth", measure_growth(RunFiles(folder), subject.models, device, precisions, sizes))
    measurement.add("growth_lines", departures_from_line(measurement.content.get("growth", [])))


def measure_busy_machine(
    measurement: Measurement,
    subject: Subject,
    loops: int,
    weights: Sequence[str],
    files: Sequence[Path],
    size: tuple[int, int, int],
    folder: Path,
) -> None:
    """Adds `busy`: with these weights, on these files, or on a chest of one size if there are none."""
    for device in subject.devices:
        for file in files or [RunFiles(folder).volume(chest_of(size, drawn_chest()))]:
            for name in weights:
                for precision in subject.precisions or ["auto"]:
                    rows = measure_busy(file, name, device, precision, loops, subject.rounds, folder)
                    measurement.add("busy", rows)


def measure_cost_of_doubt(
    measurement: Measurement,
    subject: Subject,
    weights: Sequence[str],
    files: Sequence[Path],
    folder: Path,
) -> None:
    """Adds `doubt`: with these weights, which must tell it, on these files, or on the phantom if there are none."""
    for device in subject.devices:
        for file in files or [RunFiles(folder).volume(phantom_scan())]:
            for name in weights:
                for precision in subject.precisions or ["auto"]:
                    measurement.add("doubt", measure_doubt(file, name, device, precision, subject.rounds, folder))


def measure_precision(
    measurement: Measurement, subject: Subject, weights: Sequence[str], files: Sequence[Path]
) -> None:
    """Adds `precision`: of trained weights, on the volumes of these files, or on the phantom if there are none."""
    for device in subject.devices:
        models = [choose_model(name, choose_device(device).is_gpu) for name in weights]
        volumes = volumes_of(files) if files else [phantom_scan()]
        measurement.add("precision", measure_precisions(models, volumes, device, subject.precisions_on(device)))
