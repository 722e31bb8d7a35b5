"""An evaluation told as text for people, as CSV for tables, and as JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .evaluate import MEASURES, Evaluation
from .statistics import Median, PairedTest

NOT_TAKEN = "-"


def as_text(evaluation: Evaluation) -> str:
    """Tables for a terminal: each case and method, medians with 95% intervals where there are several, the tests."""
    headings = ["case", "method", *MEASURES.values()]
    rows = [
        [row.case, row.method, *(_shown(measure, row.values[measure]) for measure in MEASURES)]
        for row in evaluation.scores
    ]
    parts = [_table(headings, rows)]
    if len({row.case for row in evaluation.scores}) > 1:
        parts.append("Medians over cases, with 95% bootstrap intervals\n" + _median_table(evaluation.medians))
    if evaluation.tests:
        parts.append(
            f"Wilcoxon signed-rank tests, p times {len(evaluation.tests)} tests (Bonferroni)\n"
            + _test_table(evaluation.tests)
        )
    if evaluation.notes:
        parts.append("\n".join(evaluation.notes))
    return "\n\n".join(parts)


def as_csv(evaluation: Evaluation) -> str:
    """One line for each case and method, all digits; empty where a measure cannot be taken, inf for equal volumes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["case", "method", *MEASURES])
    for row in evaluation.scores:
        writer.writerow([row.case, row.method, *(row.values[measure] for measure in MEASURES)])
    return text.getvalue()


def as_json(evaluation: Evaluation) -> str:
    """Everything, as an object with scores, medians, tests and notes; null where not taken, "inf" for infinite."""
    medians = {
        method: {measure: asdict(median) for measure, median in measures.items()}
        for method, measures in evaluation.medians.items()
    }
    facts = {
        "scores": [asdict(row) for row in evaluation.scores],
        "medians": medians,
        "tests": [asdict(test) for test in evaluation.tests],
        "notes": evaluation.notes,
    }
    return json.dumps(_without_infinities(facts), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _median_table(medians: Mapping[str, Mapping[str, Median]]) -> str:
    rows = []
    for measure, heading in MEASURES.items():
        cells = []
        for measures in medians.values():
            median = measures.get(measure)
            if median is None:
                cells.append(NOT_TAKEN)
                continue
            value, low, high = (_shown(measure, number) for number in (median.value, median.low, median.high))
            cells.append(value if median.low is None else f"{value} ({low} to {high})")
        rows.append([heading, *cells])
    return _table(["measure", *medians], rows)


def _test_table(tests: Sequence[PairedTest]) -> str:
    rows = [
        [MEASURES[test.measure], f"{test.first} - {test.second}", str(test.volumes), f"{test.p_corrected:.3g}"]
        for test in tests
    ]
    return _table(["measure", "methods", "volumes", "p"], rows)


def _shown(measure: str, value: float | None) -> str:
    if value is None:
        return NOT_TAKEN
    return f"{value:.4f}" if measure.startswith("ssim") else f"{value:.2f}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns two spaces apart: the first flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = []
    for row in (headings, *rows):
        first, *others = (
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *others)).rstrip())
    return "\n".join(lines)


def _without_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_infinities(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_infinities(entry) for entry in value]
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value
