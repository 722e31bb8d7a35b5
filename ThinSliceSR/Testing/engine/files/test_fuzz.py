"""Damaged files of every format end in one sentence, or are read: never a crash, never something unexpected."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import fuzzing
import pytest
from ThinSliceSRLib.engine.errors import ThinSliceError

FILES = int(os.environ.get("THINSLICESR_FUZZ_FILES", "2000"))


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", fuzzing.FORMATS)
def test_damaged_files_end_in_a_sentence(kind, tmp_path: Path):
    paths = [str(Path(fuzzing.__file__).parent), str(Path(fuzzing.__file__).parents[2])]
    run = subprocess.run(
        [sys.executable, fuzzing.__file__, kind, str(FILES), str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    lines = run.stdout.splitlines()
    assert [line for line in lines if line.startswith("WRONG")] == []
    assert run.returncode == 0, (lines[-1:], run.stderr[-2000:])
    assert lines.count(f"file {FILES - 1}") == 1


@pytest.mark.parametrize("kind", fuzzing.SUFFIXES)
def test_a_cut_file_is_never_taken_for_whole(kind, tmp_path: Path):
    _, use = fuzzing.cases(kind, tmp_path)
    path = next(tmp_path.iterdir())
    content = path.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 50)):
        path.write_bytes(content[:length])
        with pytest.raises(ThinSliceError):
            use(path)
