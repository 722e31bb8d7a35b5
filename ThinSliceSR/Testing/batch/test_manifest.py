"""The manifest as a record: what was put in stays, however its process ends and however many rows it has."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from batches import ENVIRONMENT, write_thick
from ThinSliceSRLib.engine.batch.manifest.manifest import RECORD_NAME, Manifest, manifest_of
from ThinSliceSRLib.engine.batch.manifest.row import Row
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import UnusableInput

ROW = Row(
    "/scans/a.nrrd", "a", "done", "1.2.3", "a_DLS.nrrd", findings=[{"code": "gaps", "message": "Gaps; look."}],
    seconds=1.5, slab_error_mean_hu=0.25, sent=["1.2.4"], bytes=2**40, options="x", version="1 2 3",
)  # fmt: skip
PUT_FOR_EVER = """
import sys
from pathlib import Path
from ThinSliceSRLib.engine.batch.manifest.manifest import Manifest
from ThinSliceSRLib.engine.batch.manifest.row import Row
with Manifest(Path(sys.argv[1])) as manifest:
    for number in range(10**9):
        manifest.put([Row(f"/{number}", f"scan{number}", "done")])
        print(number, flush=True)
"""


def told(folder: Path) -> list[Row]:
    with manifest_of(folder) as manifest:
        return list(manifest.rows())


def told_of_new(folder: Path) -> list[Row]:
    """What a manifest tells that is made where there is none."""
    with Manifest(folder) as manifest:
        return list(manifest.rows())


def test_what_is_put_is_told_in_order_and_the_latest_counts(tmp_path: Path):
    rows = [replace(ROW, series="", input=f"/{number}", name=f"n{number}") for number in (3, 1, 2)]
    with Manifest(tmp_path) as manifest:
        manifest.put(rows)
        manifest.put([replace(rows[0], state="failed", failure="It failed; look.")])
        assert manifest.row("/1") == rows[1]
        assert manifest.row("/4") is None
        assert (manifest.owner_of("N2"), manifest.owner_of("other")) == ("/2", None)
    assert told(tmp_path) == [replace(rows[0], state="failed", failure="It failed; look."), *rows[1:]]


def test_tables_are_made_from_it_and_tell_the_same(tmp_path: Path):
    odd = replace(ROW, series="", input="/scans/M\udcfcller;\n.nrrd", name="M_ller", failure='say "a", b')
    with Manifest(tmp_path) as manifest:
        manifest.put([ROW, odd])
        assert manifest.row(odd.key).failure == odd.failure
        manifest.write_tables()
    [first, second] = json.loads((tmp_path / "manifest.json").read_text())["volumes"]
    assert first == asdict(ROW)
    assert (second["name"], second["failure"]) == ("M_ller", 'say "a", b')
    with (tmp_path / "manifest.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["failure"] for line in lines] == ["", 'say "a", b']
    assert (lines[0]["findings"], lines[0]["sent"]) == ("gaps", "1.2.4")


def test_tables_that_tell_all_are_not_written_once_more_at_the_end(tmp_path: Path):
    with Manifest(tmp_path) as manifest:
        manifest.put([Row("/scans/a.nrrd", "a")])
        manifest.write_tables()
        (tmp_path / "manifest.csv").unlink()
    assert not (tmp_path / "manifest.csv").exists()
    with Manifest(tmp_path) as manifest:
        manifest.put([Row("/scans/b.nrrd", "b")])
    assert [line["name"] for line in csv.DictReader((tmp_path / "manifest.csv").open())] == ["a", "b"]


def test_without_rows_the_tables_are_empty(tmp_path: Path):
    with Manifest(tmp_path) as manifest:
        manifest.write_tables()
    assert json.loads((tmp_path / "manifest.json").read_text()) == {"form": 1, "volumes": []}


def test_the_table_of_a_former_version_is_taken_over_once(tmp_path: Path):
    entry = {**asdict(ROW), "of a later version": 1}
    (tmp_path / "manifest.json").write_text(json.dumps({"form": 1, "volumes": [entry]}, indent=1))
    assert told(tmp_path) == [ROW]
    with Manifest(tmp_path) as manifest:
        manifest.put([replace(ROW, state="waiting")])
    assert [row.state for row in told(tmp_path)] == ["waiting"]


@pytest.mark.parametrize(
    "table",
    ["", "[]", "{", '{"volumes": 1}', '{"volumes": [1]}', '{"volumes": [{"name": "a"}]}', "\xff",
     '{"volumes": [{"input": 1, "name": "a"}]}', '{"volumes": [{"input": "", "name": ["a"]}]}',
     '{"volumes": [{"input": "", "name": "a", "findings": ["x"]}]}', "[" * 100_000,
     '{"volumes": [{"input": "", "name": "a", "bytes": 1' + "0" * 30 + '}]}',
     '{"volumes": [{"input": "", "name": "a", "seconds": -1' + "0" * 30 + '}]}'],
)  # fmt: skip
def test_a_table_that_is_no_manifest_is_refused_and_left(table: str, tmp_path: Path):
    (tmp_path / "manifest.json").write_text(table, encoding="latin-1")
    with pytest.raises(UnusableInput, match=r"manifest\.json is not a manifest of this program"):
        Manifest(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("kind", ["text", "other database", "strange values"])
def test_a_record_that_is_none_is_refused_and_left(kind: str, tmp_path: Path):
    record = tmp_path / RECORD_NAME
    if kind == "text":
        record.write_text("precious words, and many of them " * 100)
    elif kind == "other database":
        with sqlite3.connect(record) as other:
            other.execute("CREATE TABLE precious (words)")
    else:
        with Manifest(tmp_path) as manifest:
            manifest.put([ROW])
        with sqlite3.connect(record) as other:
            other.execute("UPDATE volumes SET findings = 'x'")
    with pytest.raises(UnusableInput, match=r"manifest\.sqlite is not a manifest of this program"):
        told(tmp_path)
    if kind == "text":
        assert record.read_text().startswith("precious")


def test_what_a_removed_record_leaves_behind_is_not_taken_for_the_next_ones(tmp_path: Path):
    record, log = tmp_path / RECORD_NAME, tmp_path / f"{RECORD_NAME}-wal"
    with Manifest(tmp_path) as manifest:
        manifest.put([ROW])
        left = log.read_bytes()
    record.unlink()
    (tmp_path / "manifest.json").unlink()
    log.write_bytes(left)
    assert told_of_new(tmp_path) == []
    assert told_of_new(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="the limits of POSIX")
@pytest.mark.parametrize("most_bytes", [9_000, 17_500])
def test_a_record_that_cannot_be_written_leaves_nothing(most_bytes: int, tmp_path: Path):
    program = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from ThinSliceSRLib.engine.batch.manifest.manifest import Manifest\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes}))\nManifest(Path(sys.argv[1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert "CannotWrite" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
def test_a_kill_at_any_moment_loses_no_row(tmp_path: Path):
    known = 0
    for wanted in (1, 20, 200):
        with subprocess.Popen(
            [sys.executable, "-c", PUT_FOR_EVER, str(tmp_path)], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
        ) as process:
            lines = [process.stdout.readline() for _ in range(wanted)]
            process.send_signal(signal.SIGKILL)
        known = max(known, int(lines[-1]) + 1)
        rows = told(tmp_path)
        assert len(rows) >= known
        assert [row.name for row in rows] == [f"scan{number}" for number in range(len(rows))]
        known = len(rows)


def test_two_processes_may_put_rows_at_the_same_time(tmp_path: Path):
    with Manifest(tmp_path) as first, Manifest(tmp_path) as second:
        for number in range(50):
            first.put([Row(f"/a{number}", f"a{number}")])
            second.put([Row(f"/b{number}", f"b{number}")])
    assert len(told(tmp_path)) == 100


def test_a_row_costs_the_same_among_many(tmp_path: Path):
    with Manifest(tmp_path) as manifest:
        manifest.put(replace(ROW, series="", input=f"/{number}", name=f"n{number}") for number in range(20_000))
        began = time.process_time()
        for number in range(200):
            manifest.put([replace(ROW, series="", input=f"/{number}", name=f"n{number}", state="failed")])
            manifest.row(f"/{number * 100}")
            manifest.owner_of(f"N{number * 100}")
        assert (time.process_time() - began) / 200 < 0.005


def test_the_command_writes_the_tables_on_demand(tmp_path: Path, capsys):
    with Manifest(tmp_path) as manifest:
        manifest.put([ROW])
        for arguments in ([tmp_path], [write_thick(tmp_path / "x.nrrd"), tmp_path]):
            for name in ("manifest.csv", "manifest.json"):
                (tmp_path / name).unlink(missing_ok=True)
            assert main(["batch", *map(str, arguments), "--manifest"]) == 0
            assert capsys.readouterr().out == f"{tmp_path / 'manifest.csv'} tells of each volume.\n"
            assert json.loads((tmp_path / "manifest.json").read_text())["volumes"] == [asdict(ROW)]
    assert main(["batch", str(tmp_path / "gone"), "--manifest"]) == 2
    assert "holds no manifest" in capsys.readouterr().err
    assert not (tmp_path / "gone").exists()
    assert main(["batch", "--manifest"]) == 2
    assert main(["batch", str(tmp_path)]) == 2
