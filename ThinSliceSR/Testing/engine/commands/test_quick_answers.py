"""What needs no volume is answered without the libraries that take seconds to be imported."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_line_runs import ENVIRONMENT
from ThinSliceSRLib.engine.commands import VERBS

HEAVY = ["torch", "SimpleITK", "pydicom", "numpy", "safetensors", "einops", "distributed", "matplotlib", "tqdm"]
QUESTIONS = [["--version"], ["--help"], *([verb.NAME, "--help"] for verb in VERBS), ["no-such-verb"]]
PROGRAM = f"""
import sys
from ThinSliceSRLib.engine.__main__ import run
try:
    run()
finally:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_nothing_heavy_is_imported_to_answer(question: list[str]):
    command = [sys.executable, "-c", PROGRAM, *question]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, encoding="utf-8", check=False)
    assert (done.stdout != "") == (done.returncode == 0)
    assert done.stderr.splitlines()[-1] == "[]"
