"""What was measured, as JSON for programs and tables for people; and beside an earlier measurement."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ThinSliceSRLib.engine.errors import CannotWrite, UnusableInput

FORMAT = "ThinSliceSR benchmark 1"
Row = dict[str, Any]
Column = tuple[str, Callable[[Row], str]]


def number(key: str, digits: int, unit: float = 1) -> Callable[[Row], str]:
    """A cell: the number under a key in `unit`s, or nothing where it could not be measured."""
    return lambda row: "" if row.get(key) is None else f"{row[key] / unit:.{digits}f}"


def text(key: str) -> Callable[[Row], str]:
    return lambda row: str(row[key])


def size(key: str) -> Callable[[Row], str]:
    return lambda row: "×".join(map(str, row[key]))


def percent(key: str) -> Callable[[Row], str]:
    return number(key, 0, 0.01)


WHAT: list[Column] = [("model", text("model")), ("device", text("device")), ("precision", text("precision"))]
MEMORY: list[Column] = [
    ("memory GB", number("process_peak_bytes", 2, 1e9)),
    ("beyond volumes GB", number("beyond_volumes_bytes", 2, 1e9)),
    ("GPU GB", number("gpu_peak_bytes", 2, 1e9)),
]
# Section: its title and its columns.
TABLES: dict[str, tuple[str, list[Column]]] = {
    "cubes": (
        "Cubes: the network alone, interleaved with the published layers and with products of matrices",
        [
            *WHAT,
            ("layers", text("implementation")),
            ("cube", size("cube")),
            ("s/cube", number("seconds", 3)),
            ("× published", number("times_published", 2)),
            ("% of matrix speed", percent("matrix_share")),
            ("× published by CPU s", number("times_published_cpu", 2)),
            ("% by CPU s", percent("matrix_share_cpu")),
            ("matrix speed T/s", number("matrix_speed", 3, 1e12)),
            ("T/cube", number("operations", 3, 1e12)),
            ("cores got", number("cores", 1)),
            ("GPU GB", number("gpu_working_bytes", 2, 1e9)),
            ("GPU GB, 1 cube", number("gpu_working_bytes_of_one", 2, 1e9)),
        ],
    ),
    "volumes": (
        "Volumes: the whole command line",
        [
            *WHAT,
            ("volume", size("size")),
            ("cubes", text("cubes")),
            ("s", number("seconds", 1)),
            ("start-up s", number("start_up_seconds", 1)),
            ("first cube s", number("first_cube_seconds", 1)),
            ("first slices s", number("first_slices_seconds", 1)),
            ("= % of all", percent("first_slices_share")),
            ("HU to HU s", number("synthesis_seconds", 2)),
            ("warm s", number("warm_synthesis_seconds", 2)),
            ("cores got", number("cores", 1)),
            *MEMORY,
        ],
    ),
    "first_look": (
        "First look: from the command to the first finished slices where the viewer looks",
        [
            ("clone", text("clone")),
            ("process", text("process")),
            *WHAT,
            ("volume", size("size")),
            ("first cube begins s", number("cube_begins_seconds", 2)),
            ("first slices s", number("seconds", 2)),
            ("CPU s", number("cpu_seconds", 2)),
            ("begins × this", number("times_cube_begins_seconds", 2)),
            ("slices × this", number("times_seconds", 2)),
            ("CPU × this", number("times_cpu_seconds", 2)),
        ],
    ),
    "growth": (
        "Growth: the whole command line",
        [
            *WHAT,
            ("volume", size("size")),
            ("cubes", text("cubes")),
            ("s", number("seconds", 1)),
            ("CPU s", number("cpu_seconds", 1)),
            *MEMORY,
        ],
    ),
    "growth_lines": (
        "Lines through the seconds of 30 slices and more",
        [
            *WHAT,
            ("s/slice", number("seconds_per_slice", 3)),
            ("s at start", number("seconds_at_start", 1)),
            ("farthest off it %", percent("departure")),
            ("of CPU seconds %", percent("departure_cpu")),
        ],
    ),
    "busy": (
        "A busy machine: the whole command line, alone and beside loops that never rest",
        [
            *WHAT,
            ("volume", size("size")),
            ("loops", text("loops")),
            ("threads wait", text("waits")),
            ("s", number("seconds", 1)),
            ("CPU s", number("cpu_seconds", 1)),
            ("× quiet", number("times_quiet", 2)),
            ("× fair share", number("of_fair_share", 2)),
            ("CPU × quiet", number("times_cpu", 2)),
        ],
    ),
    "doubt": (
        "The doubt: the whole command line, without and with it",
        [
            *WHAT,
            ("volume", size("size")),
            ("doubt", text("doubt")),
            ("s", number("seconds", 1)),
            ("CPU s", number("cpu_seconds", 1)),
            ("× without", number("times_without", 2)),
            ("cubes × without", number("times_cubes", 2)),
            ("CPU × without", number("times_cpu", 2)),
        ],
    ),
    "precision": (
        "Precision: absolute differences from float32 in HU",
        [
            *WHAT,
            ("volume", text("volume")),
            ("size", size("size")),
            ("mean", number("mean_hu", 3)),
            ("99.9th percentile", number("p99_9_hu", 0)),
            ("largest", number("largest_hu", 0)),
            ("within bounds", lambda row: "yes" if row["within_bounds"] else "NO"),
        ],
    ),
}
# By what rows of two measurements belong together.
SAME = ("model", "implementation", "device", "precision", "cube", "size")
COMPARED: list[Column] = [
    *WHAT,
    ("of", lambda row: f"{row.get('implementation', '')} {'×'.join(map(str, row.get('cube') or row['size']))}".strip()),
    ("s before", number("seconds_before", 3)),
    ("s", number("seconds", 3)),
    ("times as fast", number("times_as_fast", 2)),
    ("× published before", number("times_published_before", 2)),
    ("× published", number("times_published", 2)),
    ("memory, of before", number("memory_of_before", 2)),
]


def as_text(measurement: Row) -> str:
    """The tables of a measurement, and on what machine it was made."""
    parts = [_machine_line(measurement["machine"])]
    for section, (title, columns) in TABLES.items():
        if measurement.get(section):
            parts.append(f"{title}\n{table(measurement[section], columns)}")
    return "\n\n".join(parts)


def table(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Aligned columns; those without a value in any row are left out."""
    cells = [[heading, *(value(row) for row in rows)] for heading, value in columns]
    cells = [column for column in cells if any(column[1:])]
    widths = [max(map(len, column)) for column in cells]
    padded = ([cell.ljust(width) for cell in column] for column, width in zip(cells, widths, strict=True))
    return "\n".join("  ".join(line).rstrip() for line in zip(*padded, strict=True))


def compared(measurement: Row, before: Row) -> str:
    """What became faster or smaller since an earlier measurement: a table of the rows that both have."""
    rows = []
    for section in ("cubes", "volumes", "growth"):
        earlier = {_identity(row): row for row in before.get(section, [])}
        for row in measurement.get(section, []):
            old = earlier.get(_identity(row))
            if old is None:
                continue
            ratios: Row = {"seconds_before": old["seconds"], "times_as_fast": old["seconds"] / row["seconds"]}
            ratios["times_published_before"] = old.get("times_published")
            if "process_peak_bytes" in row:
                ratios["memory_of_before"] = row["process_peak_bytes"] / old["process_peak_bytes"]
            rows.append(row | ratios)
    title = f"Beside the earlier one, made on:\n{_machine_line(before['machine'])}"
    return f"{title}\n{table(rows, COMPARED) if rows else 'The two have no row in common.'}"


def write_json(measurement: Row, path: Path) -> None:
    """Raises CannotWrite when the place is not writable."""
    try:
        path.write_text(json.dumps({"format": FORMAT, **measurement}, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"The file {path} cannot be written ({error.strerror}); choose another.") from error


def read_json(path: Path) -> Row:
    """The measurement that `write_json` wrote. Raises UnusableInput when the file holds none."""
    try:
        measurement = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableInput(f"The file {path} cannot be read; name the JSON of an earlier benchmark.") from error
    if not isinstance(measurement, dict) or measurement.get("format") != FORMAT:
        raise UnusableInput(f"The file {path} holds no benchmark; name the JSON of an earlier one.")
    return measurement


def _identity(row: Row) -> str:
    return json.dumps([row.get(key) for key in SAME])


def _machine_line(machine: Row) -> str:
    gpus = "".join(f", {name}" for name in machine["gpus"])
    load = f"load average {machine['load_average']} before, {machine['load_average_after']} after"
    return (
        f"{machine['cpu']}, {machine['cores']} cores{gpus}; {machine['threads']} threads; torch {machine['torch']}; "
        f"{load}; {machine['measured']}"
    )
