"""The benchmark of the manifest, tiny: a line for each number of rows, and nothing left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.manifest_speed import main


def test_each_number_of_rows_gives_a_line_with_times_and_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["--rows", "3", "20", "--folder", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()[1:-1]
    assert [line.split()[0] for line in lines] == ["3", "20"]
    for line in lines:
        assert len(re.findall(r"\d\.\d{3} ms \(\d+\.\d{3} of CPU\)", line)) == 5
        assert re.search(
            r"manifest\.sqlite \d+\.\d MB, manifest\.csv \d+\.\d MB, manifest\.json \d+\.\d MB; memory at most \d+ MB$",
            line,
        )
    assert list(tmp_path.iterdir()) == []
