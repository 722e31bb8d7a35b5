"""The manifest as tables: manifest.json for programs and manifest.csv for people; former versions kept only these."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from ...errors import UnusableInput
from ...outputs.replacing import PendingFiles, writing_refusal
from .row import Row, row_of

JSON_NAME = "manifest.json"
CSV_NAME = "manifest.csv"
FORM = 1


def rows_of_table(folder: Path) -> list[Row]:
    """The rows of manifest.json in `folder`; none where there is none. Raises UnusableInput (`manifest`)."""
    path = folder / JSON_NAME
    try:
        return [row_of(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["volumes"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise no_manifest(path) from error


def write_tables(rows: Iterable[Row], folder: Path) -> None:
    """Writes both tables, row by row; they appear when they are whole. Raises CannotWrite."""
    try:
        with PendingFiles() as tables:
            entries = tables.part_of(folder / JSON_NAME).open("w", encoding="utf-8", newline="")
            lines = tables.part_of(folder / CSV_NAME).open("w", encoding="utf-8", newline="")
            with entries, lines:
                writer = csv.DictWriter(lines, [item.name for item in fields(Row)], lineterminator="\n")
                writer.writeheader()
                between = f'{{"form": {FORM}, "volumes": [\n'
                for row in rows:
                    entry = asdict(row)
                    entries.write(between + json.dumps(entry))
                    between = ",\n"
                    codes = " ".join(finding["code"] for finding in row.findings)
                    writer.writerow({**entry, "findings": codes, "sent": " ".join(row.sent)})
                entries.write("\n]}\n" if between.startswith(",") else between + "]}\n")
    except OSError as error:
        raise writing_refusal(folder, error) from error


def no_manifest(path: Path) -> UnusableInput:
    """What to tell of a file that bears a manifest's name."""
    return UnusableInput(f"{path} is not a manifest of this program; choose another destination.", "manifest")
