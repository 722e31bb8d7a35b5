"""What a program is told of this computer: weights at once and without PyTorch, then devices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ThinSliceSRLib.engine.command_line import main

LIBRARY = Path(__file__).resolve().parents[3]


def test_weights_come_first_and_devices_last(capfd: pytest.CaptureFixture[str]):
    assert main(["available"]) == 0
    weights, devices = map(json.loads, capfd.readouterr().out.splitlines())
    assert main(["weights", "list", "--json"]) == 0
    assert {"event": "started", **json.loads(capfd.readouterr().out)} == weights
    assert devices["event"] == "finished"
    assert devices["devices"][-1]["device"] == "cpu"
    assert weights["automatic"] == {"gpu": "cthnet-small", "cpu": "cthnet-small"}


@pytest.mark.parametrize("verb", [["available", "--weights-only"], ["weights", "list"], ["weights", "list", "--json"]])
def test_weights_are_listed_without_pytorch(verb: list[str]):
    program = (
        "import sys; from ThinSliceSRLib.engine.command_line import main; "
        f"code = main({verb}); print('torch' in sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=LIBRARY, capture_output=True, text=True, check=True)
    assert "cthnet-small" in done.stdout
    assert done.stderr.strip() == "False"
