"""tell whether a volume is fit for synthesis"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from ..errors import UnusableInput
from ..progress import Reporter, tell

NAME = "check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="INPUT", help="volume: NRRD, NIfTI, MetaImage or a DICOM folder")
    parser.add_argument("--series", metavar="SERIES", help="DICOM series: its UID, number or a part of its description")
    parser.add_argument("--json", action="store_true", help="findings as a JSON list of level, code and message")


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    """Prints the findings. Raises UnusableInput when one is an error, so that the exit code tells."""
    from ..volumes.findings import check_path

    findings = check_path(arguments.input, arguments.series)
    if arguments.json:
        tell(json.dumps([asdict(finding) for finding in findings], indent=2))
    for finding in findings if not arguments.json else []:
        tell(f"{finding.level}: {finding.message} [{finding.code}]")
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise UnusableInput(f"The volume is not fit for synthesis: {errors} error(s) above say why.", "not_fit")
    if not arguments.json:
        tell("The volume is fit for synthesis.")
