"""The manifest of a batch: one row per volume, in manifest.json and, for people, in manifest.csv."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from ..errors import UnusableInput
from ..file_names import file_name_of
from ..volumes.replacing import flush_folder, writing_refusal
from ..volumes.unfinished import unfinished_name

JSON_NAME = "manifest.json"
CSV_NAME = "manifest.csv"
FORM = 1


@dataclass(frozen=True)
class Row:
    """What is known of one volume.

    state: `waiting`; `made`, its results are whole but not yet sent back; `done`; `failed`.
    output, bicubic, dicom: results, relative to the destination ("" where there is none); bytes: of all of them.
    findings: code and sentence of each warning. sent: UIDs of the series that the archive has taken.
    version, options: of the input and of the run, by which a later run tells whether it still is as it was.
    """

    input: str
    name: str
    state: str = "waiting"
    series: str = ""
    output: str = ""
    bicubic: str = ""
    dicom: str = ""
    findings: list[dict[str, str]] = field(default_factory=list)
    seconds: float | None = None
    slab_error_mean_hu: float | None = None
    slab_error_p99_hu: float | None = None
    model: str = ""
    model_sha256: str = ""
    device: str = ""
    precision: str = ""
    failure_code: str = ""
    failure: str = ""
    sent: list[str] = field(default_factory=list)
    bytes: int | None = None
    engine_version: str = ""
    options: str = ""
    version: str = ""

    @property
    def key(self) -> str:
        """As `Source.key`."""
        return self.series or self.input


class Manifest:
    """The rows in `folder`, each file of which is whole at every moment: it is written beside and then renamed."""

    def __init__(self, folder: Path) -> None:
        """Reads what a former run wrote. Raises UnusableInput (`manifest`) when it cannot be understood."""
        self._folder = folder
        self.path = folder / CSV_NAME
        self.rows: dict[str, Row] = {}
        try:
            stored = json.loads((folder / JSON_NAME).read_text(encoding="utf-8"))
            known = {item.name for item in fields(Row)}
            rows = [
                Row(**{name: value for name, value in entry.items() if name in known}) for entry in stored["volumes"]
            ]
            # Whoever wrote it, no name in it leads out of the folder.
            self.rows = {row.key: replace(row, name=file_name_of(row.name)) for row in rows}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnusableInput(
                f"{folder / JSON_NAME} is not a manifest of this program; choose another destination.", "manifest"
            ) from error

    def put(self, rows: Iterable[Row]) -> None:
        """Takes rows in, each instead of the former one of its volume, and writes both files. Raises CannotWrite."""
        self.rows.update({row.key: row for row in rows})
        entries = [asdict(row) for row in self.rows.values()]
        # The JSON is what is read again, so it goes first.
        self._write(JSON_NAME, json.dumps({"form": FORM, "volumes": entries}, indent=1) + "\n")
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, [item.name for item in fields(Row)], lineterminator="\n")
        writer.writeheader()
        for entry in entries:
            codes = " ".join(finding["code"] for finding in entry["findings"])
            writer.writerow({**entry, "findings": codes, "sent": " ".join(entry["sent"])})
        self._write(CSV_NAME, table.getvalue())

    def _write(self, name: str, text: str) -> None:
        temporary = self._folder / unfinished_name(Path(name).suffix)
        try:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._folder / name)
            flush_folder(self._folder)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise writing_refusal(self._folder, error, len(text)) from error
