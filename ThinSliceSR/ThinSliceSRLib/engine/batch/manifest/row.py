"""What a batch knows of one volume: a row of its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ...outputs.file_names import file_name_of

KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "float | None": (int, float, type(None)),
    "int | None": (int, type(None)),
}
MOST = 2**63 - 1  # of the whole numbers of SQLite


@dataclass(frozen=True)
class Row:
    """What is known of one volume.

    state: `waiting`; `made`, its results are whole but not yet sent back; `done`; `failed`; `left_out`, as it is CT but
    no thick chest CT, for the reason that stands as its failure.
    output, bicubic, doubt, difference, dicom: results, relative to the destination ("" where there is none); bytes: of
    all of them.
    findings: code and sentence of each warning and note. sent: UIDs of the series that the archive has taken.
    version, options: of the input and of the run, by which a later run tells whether it still is as it was.
    """

    input: str
    name: str
    state: str = "waiting"
    series: str = ""
    output: str = ""
    bicubic: str = ""
    doubt: str = ""
    difference: str = ""
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


def row_of(entry: Mapping[str, Any]) -> Row:
    """The row that a manifest tells. Whoever wrote it, no name in it leads out of the folder of the results.

    Raises ValueError or TypeError when it is none.
    """
    told = {item.name: entry[item.name] for item in fields(Row) if item.name in entry}
    for item in fields(Row):
        if item.name in told and not isinstance(told[item.name], KINDS.get(str(item.type), list)):
            raise ValueError(f"the {item.name} of a volume is none")
        if isinstance(told.get(item.name), int) and abs(told[item.name]) > MOST:
            raise ValueError(f"the {item.name} of a volume is more than a record holds")
    row = Row(**told)
    if not all(isinstance(finding, dict) and isinstance(finding.get("code"), str) for finding in row.findings):
        raise ValueError("the findings of a volume are none")
    if not all(isinstance(uid, str) for uid in row.sent):
        raise ValueError("what was sent of a volume are no UIDs")
    return Row(**{**told, "name": file_name_of(row.name)})
