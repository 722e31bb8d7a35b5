"""PyTorch is loaded beside the reading of the input, and an input that needs no pydicom does not wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from command_line_runs import ENVIRONMENT, write_thick

# What is there when the input has been read, which is told last before PyTorch is needed.
READ = """
import sys
from pathlib import Path
from ThinSliceSRLib.engine.run.job import check_thick, read_thick
check_thick(read_thick(Path(sys.argv[1])))
print([name for name in ("torch", "pydicom") if name in sys.modules])
"""
LOADED = """
import gc
from ThinSliceSRLib.engine.torch_loading import load_torch_beside
load_torch_beside().join()
import sys
print("torch" in sys.modules, gc.isenabled(), gc.get_freeze_count() > 0)
"""
BROKEN = """
import sys
sys.modules["torch"] = None
from ThinSliceSRLib.engine.__main__ import run
sys.argv[1:] = ["synthesize", *sys.argv[1:]]
run()
"""


def told_by(program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("ending", [".nrrd", ".nii.gz", ".mha"])
def test_a_file_is_read_without_pytorch_and_pydicom(ending: str, tmp_path: Path):
    write_thick(tmp_path / f"thick{ending}")
    assert told_by(READ, tmp_path / f"thick{ending}").stdout.splitlines()[-1] == "[]"


def test_python_looks_for_unused_objects_again_once_pytorch_is_there():
    assert told_by(LOADED).stdout.split() == ["True", "True", "True"]


def test_a_pytorch_that_cannot_be_loaded_is_told_once(tmp_path: Path):
    write_thick(tmp_path / "thick.nrrd")
    done = told_by(BROKEN, tmp_path / "thick.nrrd", tmp_path / "dls.nrrd")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
