"""The list of places to look at twice, as text for people and as CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import UnusableInput
from .structures import Structure

WHERE = {"stands": "only in DLS", "vanishes": "only in BIS"}
NO_PROOF = "What is not listed is not proven: a model cannot doubt what nothing in the thick slices tells it of."
COLUMNS = (
    "kind", "right_mm", "anterior_mm", "superior_mm", "left_mm", "posterior_mm", "i", "j", "k", "size_mm", "hu_dls",
    "hu_bis", "doubt_hu", "contrast_hu", "relative_doubt",
)  # fmt: skip


def list_file(structures: Sequence[Structure], target: Path) -> str:
    """What a file of this name holds. Raises as `require_list_name`."""
    require_list_name(target)
    return as_csv(structures) if target.suffix.lower() == ".csv" else as_json(structures)


def require_list_name(target: Path) -> None:
    """Returns when a list can have this name. Raises UnusableInput (`unknown_suffix`)."""
    if target.suffix.lower() not in (".json", ".csv"):
        raise UnusableInput(f"{target.name} has an unknown ending; name it .json or .csv.", "unknown_suffix")


def as_text(structures: Sequence[Structure]) -> str:
    """A line for each place in their order, and what the list cannot tell."""
    lines = []
    for number, structure in enumerate(structures, start=1):
        r, a, s = structure.position_ras_mm
        i, j, k = structure.index
        lines.append(
            f"{number}. {WHERE[structure.kind]}: {structure.size_mm:.1f} mm at R {r:.1f}, A {a:.1f}, S {s:.1f} mm "
            f"(i {i}, j {j}, k {k}); {structure.hu_dls:.0f} HU in DLS, {structure.hu_bis:.0f} HU in BIS; expected "
            f"error {structure.doubt_hu:.0f} HU, {structure.relative_doubt:.0%} of its contrast"
        )
    return "\n".join([*lines, f"{len(structures)} places. {NO_PROOF}"])


def as_json(structures: Sequence[Structure]) -> str:
    """An object with the list `places`, each as `Structure.facts` tells it."""
    return json.dumps({"places": [structure.facts() for structure in structures]}, indent=2) + "\n"


def as_csv(structures: Sequence[Structure]) -> str:
    """A header and a line for each place. Right, anterior, superior are RAS; left, posterior (and superior) LPS."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for structure in structures:
        told = structure.facts()
        right, anterior, superior = told.pop("position")
        left, posterior, _ = told.pop("position_lps")
        sides = {"right_mm": right, "anterior_mm": anterior, "superior_mm": superior}
        writer.writerow({**told, **sides, "left_mm": left, "posterior_mm": posterior})
    return text.getvalue()
