"""A run that is killed at any moment while its outputs get their names: after the next run all are new, or none is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import CannotWrite
from ThinSliceSRLib.engine.outputs import journal
from ThinSliceSRLib.engine.outputs.left_overs import remove_left_overs
from ThinSliceSRLib.engine.outputs.replacing import PendingFiles

# A process for each moment: the n-th thing that is done to a name kills the n-th of them, until one comes to its end.
KILLED_AT_EACH_STEP = """
import json, os, signal, sys
from pathlib import Path
from ThinSliceSRLib.engine.outputs.left_overs import remove_left_overs
from ThinSliceSRLib.engine.outputs.replacing import PendingFiles

first, second = Path(sys.argv[1]), Path(sys.argv[2])
visited = [Path(folder) for folder in sys.argv[3].split(os.pathsep)]
former = sys.argv[4] == "former"
targets = [first / "dls.nrrd", first / "bis.nrrd", second / "dicom", second / "list.csv"]

def put(content):
    with PendingFiles() as files:
        for target in targets:
            if target.suffix:
                files.write_text(content, target)
            else:
                part = files.part_of(target)
                part.mkdir()
                (part / "slice").write_text(content)

def put_and_die(moment):
    def count(event, arguments):
        nonlocal moment
        if event in ("os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir"):
            moment -= 1
            if moment == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    put("new")

def held(target):
    file = target if target.suffix else target / "slice"
    return file.read_text() if file.exists() else "nothing"

moment, code = 0, -1
while code:
    for target in targets:
        os.system(f"rm -rf '{target}'")
    if former:
        put("former")
    moment += 1
    child = os.fork()
    if not child:
        put_and_die(moment)
        os._exit(0)
    code = os.waitpid(child, 0)[1]
    for folder in visited:
        remove_left_overs(folder)
    hidden = [path.name for folder in visited for path in folder.glob(".*")]
    print(json.dumps([[held(target) for target in targets], hidden]), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
@pytest.mark.parametrize("former", ["former", "nothing"])
@pytest.mark.parametrize("visited", ["first", "second", "second first"])
def test_all_outputs_are_new_or_none_after_a_kill_at_any_step(visited: str, former: str, tmp_path: Path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    folders = os.pathsep.join(str(tmp_path / name) for name in visited.split())
    command = [sys.executable, "-c", KILLED_AT_EACH_STEP, tmp_path / "first", tmp_path / "second", folders, former]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    states = [json.loads(line) for line in done.stdout.splitlines()]
    assert [hidden for _, hidden in states] == [[]] * len(states)
    seen = [tuple(held) for held, _ in states]
    assert set(seen) == {(former,) * 4, ("new",) * 4}
    assert seen == sorted(seen, key=lambda held: held[0] == "new"), "once decided, always so"


def left_halfway(folder: Path) -> Path:
    """What a dead process leaves that had given one of two outputs its name; its journal."""
    for name in ("dls.nrrd", "bis.nrrd"):
        (folder / f"new-{name}").write_text("new")
        (folder / name).write_text("former")
    begun = journal.Journal({folder / f"new-{name}": folder / name for name in ("dls.nrrd", "bis.nrrd")})
    _, step = begun.steps[0]
    keeper = folder / step.keeper
    keeper.mkdir()
    (folder / "dls.nrrd").rename(keeper / "dls.nrrd")
    (folder / "new-dls.nrrd").rename(folder / "dls.nrrd")
    [left] = folder.glob(f"*{journal.JOURNAL}")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for path in (left, keeper):
        parts = path.name.split("-")
        parts[2] = str(dead.pid)
        renamed = path.rename(folder / "-".join(parts))
        left = renamed if path == left else left
    left.write_text(left.read_text().replace(keeper.name, renamed.name))
    return left


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no owners of this kind")
def test_the_journal_of_somebody_else_moves_nothing_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    left_halfway(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert remove_left_overs(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    monkeypatch.undo()
    remove_left_overs(tmp_path)
    assert (tmp_path / "dls.nrrd").read_text() == "former"


def test_what_somebody_has_put_there_since_stays(tmp_path: Path):
    left_halfway(tmp_path)
    (tmp_path / "own").write_text("own")
    os.replace(tmp_path / "own", tmp_path / "dls.nrrd")
    remove_left_overs(tmp_path)
    assert (tmp_path / "dls.nrrd").read_text() == "own"
    assert not list(tmp_path.glob(".*"))


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path: Path):
    (tmp_path / "list.csv").mkdir()
    with pytest.raises(CannotWrite, match="is a folder"), PendingFiles() as files:
        [files.write_text("new", tmp_path / name) for name in ("first.csv", "list.csv")]
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]
