"""tell whether a volume is fit for synthesis"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..addresses import sentence_without_secrets
from ..errors import UnusableInput
from ..events.progress import Reporter, tell
from .option_arguments import INPUT_HELP, add_options

if TYPE_CHECKING:
    from ..dicom_in.series import DicomSeries

NAME = "check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="INPUT", help=INPUT_HELP)
    add_options(parser, "series", "slab_mm", "values")
    parser.add_argument("--json", action="store_true", help="tell findings and series as one JSON object")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    """Prints the series that are there and the findings. Raises UnusableInput when one of them is an error."""
    from ..findings.checked_input import check_input
    from ..volumes.description import described
    from ..volumes.slice_thickness import require_millimetres

    require_millimetres("--slab-mm", arguments.slab_mm)
    checked = check_input(arguments.input, arguments.series, undo, arguments.slab_mm, arguments.values)
    chosen = checked.chosen.name if checked.chosen else None
    findings = [replace(finding, message=sentence_without_secrets(finding.message)) for finding in checked.findings]
    if arguments.json:
        facts = [_series_facts(series, series.name == chosen) for series in checked.series]
        volume = described(checked.volume) if checked.volume is not None else None
        tell(
            json.dumps(
                {"findings": [asdict(finding) for finding in findings], "series": facts, "volume": volume}, indent=2
            )
        )
    else:
        for series in checked.series:
            tell(f"Series: {series}, UID {series.name}{', checked' if series.name == chosen else ''}")
        if checked.volume is not None:
            tell(f"Read: {described(checked.volume)}")
        for finding in findings:
            tell(f"{finding.level.capitalize()}: {finding.message}")
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise UnusableInput("The volume is not fit for synthesis; the errors above say why and what to do.", "not_fit")
    if not arguments.json:
        tell("The volume is fit for synthesis.")


def _series_facts(series: DicomSeries, checked: bool) -> dict[str, Any]:
    return {
        "uid": series.uid,
        "name": series.name,
        "number": series.number,
        "description": series.description,
        "modality": series.modality,
        "slices": len(series.slices),
        "spacing_mm": series.spacing_mm,
        "thickness_mm": series.thickness_mm,
        "synthetic": series.synthetic,
        "checked": checked,
    }
