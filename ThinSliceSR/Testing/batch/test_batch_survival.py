"""Batches whose processes are killed: whatever happens, each volume is done once and nothing is half written."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import distributed
import psutil
import pytest
import SimpleITK as sitk
from batches import finish, is_gone, rows, start, states, table, wait_until, workers_of, write_thick
from distributed import Client, Nanny, SpecCluster
from distributed.nanny import WorkerProcess
from ThinSliceSRLib.engine.batch.sole_use import LOCK_NAME
from ThinSliceSRLib.engine.batch.workers import lost_workers
from ThinSliceSRLib.engine.batch.workers.cluster import Call, WorkersDied
from ThinSliceSRLib.engine.batch.workers.existing_cluster import existing_cluster
from ThinSliceSRLib.engine.batch.workers.local_cluster import local_cluster
from ThinSliceSRLib.engine.batch.workers.lost_workers import MissingWorkers
from ThinSliceSRLib.engine.errors import DeviceError, UnusableInput

ALWAYS_THERE = {LOCK_NAME, "manifest.sqlite", "manifest.csv", "manifest.json"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_twelve_volumes_survive_the_end_of_a_worker_and_of_the_whole_run(tmp_path: Path, weights: Path):
    scans, out = tmp_path / "scans", tmp_path / "out"
    for number in range(12):
        write_thick(scans / f"scan{number:02d}.nrrd", seed=number, slices=12)
    command = (scans, out, "--weights", weights, "--workers", "2")
    wanted = {f"scan{number:02d}_DLS.nrrd" for number in range(12)}

    run = start(*command)
    wait_until(lambda: states(out).count("done") >= 2, run)
    first = workers_of(run)
    assert len(first) == 2
    first[0].kill()
    wait_until(lambda: states(out).count("done") >= 5, run)
    second = workers_of(run)
    os.killpg(run.pid, signal.SIGKILL)
    finish(run)
    assert set(states(out)) == {"waiting", "done"}
    assert len(rows(out)) == 12
    wait_until(lambda: all(map(is_gone, (*first, *second))))
    done = {row["output"]: (out / row["output"]).stat() for row in rows(out).values() if row["state"] == "done"}

    code, told, problems = finish(start(*command))
    assert (code, problems) == (0, "")
    assert told.startswith(f"12 volumes are done, {len(done)} of them were before")
    assert names(out) == {*wanted, *ALWAYS_THERE}
    assert {row["output"] for row in rows(out).values()} == wanted
    assert [row["state"] for row in table(out)] == ["done"] * 12
    for name, state in done.items():
        assert (out / name).stat().st_ino == state.st_ino, "what was done before was done again"
    voxels = {sitk.GetArrayFromImage(sitk.ReadImage(str(out / name))).tobytes() for name in wanted}
    assert len(voxels) == 12


def test_a_cancelled_batch_ends_its_workers_and_leaves_nothing_half_written(tmp_path: Path, weights: Path):
    scans, out = tmp_path / "scans", tmp_path / "out"
    for number in range(40):
        write_thick(scans / f"scan{number:02d}.nrrd", seed=number, slices=10)
    run = start(scans, out, "--weights", weights, "--workers", "1")
    wait_until(lambda: "done" in states(out), run)
    workers = workers_of(run)
    os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C in a terminal, which every process of it gets
    assert finish(run) == (
        130,
        "",
        "The batch was cancelled; what is done stands in its manifest, and the next call does the rest.\n",
    )
    wait_until(lambda: all(map(is_gone, workers)))
    assert set(states(out)) == {"waiting", "done"}
    assert all(name in ALWAYS_THERE or name.endswith("_DLS.nrrd") for name in names(out))
    for path in out.glob("*.nrrd"):
        assert sitk.ReadImage(str(path)).GetSize() == (32, 32, 46)


def test_a_call_that_ends_its_worker_three_times_is_given_up_and_the_others_go_on():
    with ExitStack() as undo, local_cluster("cpu", 1, undo) as cluster:
        calls = deque([Call("deadly", os.abort, ()), *(Call(str(number), os.getpid, ()) for number in range(3))])
        results = {call.key: result for call, result in cluster.completed(calls)}
    assert isinstance(results.pop("deadly"), WorkersDied)
    assert len(set(results.values())) == 1
    assert os.getpid() not in results.values()


def test_a_worker_that_hangs_as_it_starts_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "never_ready.py").write_text("import time\n\ntime.sleep(3600)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.local_cluster.worker_start.__name__", "never_ready")
    monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.local_cluster.START_S", 3)
    started = psutil.Process().children()
    with pytest.raises(DeviceError) as failure, ExitStack() as undo, local_cluster("cpu", 1, undo):
        pass
    assert failure.value.code == "no_workers"
    workers = [child for child in set(psutil.Process().children()).difference(started) if not is_gone(child)]
    assert not any("spawn_main" in " ".join(worker.cmdline()) for worker in workers)


def test_a_batch_is_given_up_when_no_worker_can_be_started_any_more(monkeypatch: pytest.MonkeyPatch):
    async def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with ExitStack() as undo, local_cluster("cpu", 1, undo) as cluster:
        assert cluster.call(os.getpid)
        monkeypatch.setattr(WorkerProcess, "start", fail)
        monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.lost_workers.HOPELESS_S", 0)
        with pytest.raises(DeviceError) as failure:
            cluster.call(os.abort)
    assert failure.value.code == "worker_died"
    assert "make sure that disk and memory have room" in str(failure.value)


def test_a_scheduler_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.existing_cluster.CONNECT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as undo:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnusableInput) as failure, existing_cluster(address, undo):
            pass
    assert failure.value.code == "no_scheduler"


@pytest.mark.parametrize("noticed", [True, False])
def test_a_worker_that_is_lost_for_good_gets_a_successor(noticed: bool, monkeypatch: pytest.MonkeyPatch):
    """As one that dies while it starts: its nanny does not start it again. noticed: whether the cluster gives it up,
    which it does not when it dies as soon as it has started."""

    async def give_up(*_: object) -> None:
        pass

    monkeypatch.setattr(Nanny, "_on_worker_exit", give_up)
    if not noticed:
        monkeypatch.setattr(SpecCluster, "_update_worker_status", distributed.deploy.Cluster._update_worker_status)
    monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.lost_workers.LOST_S", 0)
    with ExitStack() as undo, local_cluster("cpu", 1, undo) as cluster:
        calls = deque([Call("deadly", os.abort, ()), Call("good", os.getpid, ())])
        results = {call.key: result for call, result in cluster.completed(calls)}
    assert isinstance(results["deadly"], WorkersDied)
    assert results["good"] != os.getpid()


def test_a_worker_that_may_be_unwell_gets_a_new_process():
    with ExitStack() as undo, local_cluster("cpu", 1, undo) as cluster:
        before = cluster.call(os.getpid)
        cluster.restart(cluster.workers[0])
        assert cluster.call(os.getpid) != before


def test_workers_stop_when_the_batch_that_they_work_for_is_gone(tmp_path: Path, weights: Path, scheduler: str):
    write_thick(tmp_path / "long.nrrd", slices=600, matrix=64)
    write_thick(tmp_path / "short.nrrd")
    out = tmp_path / "out"
    run = start(tmp_path / "long.nrrd", out, "--weights", weights, "--scheduler", scheduler)
    with Client(scheduler, set_as_default=False) as client:
        wait_until(lambda: "run_job" in str(client.call_stack()), run)
        run.kill()
        finish(run)
        wait_until(lambda: "run_job" not in str(client.call_stack()))
    code, told, _ = finish(start(tmp_path / "short.nrrd", out, "--weights", weights, "--scheduler", scheduler))
    assert code == 0, told
    assert rows(out)["long"]["state"] == "waiting"
    assert not (out / "long_DLS.nrrd").exists()


@contextmanager
def scheduler_alone(folder: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """A scheduler without workers in a process of its own, which is killed at the end, and its address."""
    file = folder / "scheduler.json"
    places = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", *places], stderr=subprocess.DEVNULL
    ) as scheduler:
        try:
            wait_until(lambda: file.exists() and file.read_text().endswith("}"), scheduler)
            yield scheduler, json.loads(file.read_text())["address"]
        finally:
            scheduler.kill()


def test_a_scheduler_that_is_gone_is_told_in_one_sentence(tmp_path: Path, weights: Path):
    write_thick(tmp_path / "a.nrrd")
    out = tmp_path / "out"
    with scheduler_alone(tmp_path) as (_, address):
        run = start(tmp_path / "a.nrrd", out, "--weights", weights, "--scheduler", address, "--progress", "json")
        assert json.loads(run.stdout.readline())["code"] == "no_workers"
    code, _, told = finish(run)
    assert (code, told) == (4, "The cluster's scheduler is gone or hangs; run again, and what is done is skipped.\n")


def test_workers_that_a_cluster_of_others_has_lost_are_missed_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lost_workers, "LOOK_S", 0.1)
    monkeypatch.setattr(lost_workers, "LOST_S", 2)
    workers: list[subprocess.Popen] = []

    with scheduler_alone(tmp_path) as (_, address), ExitStack() as undo:

        def start_one() -> None:
            program = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--no-dashboard"]
            workers.append(subprocess.Popen(program, stderr=subprocess.DEVNULL, cwd=tmp_path))
            undo.callback(workers[-1].wait)
            undo.callback(workers[-1].kill)

        with existing_cluster(address, undo, start_one) as cluster:
            assert cluster.call(os.getpid) == workers[0].pid
            workers[0].kill()
            workers[0].wait()
            wait_until(lambda: not cluster.workers)
            assert cluster.call(os.getpid) == workers[-1].pid
    assert len(workers) >= 2


def test_a_batch_tells_that_a_cluster_of_others_has_no_worker(
    tmp_path: Path, batch, monkeypatch: pytest.MonkeyPatch, capfd
):
    monkeypatch.setattr(lost_workers, "LOOK_S", 0)
    monkeypatch.setattr(lost_workers, "LOST_S", 0)
    write_thick(tmp_path / "a.nrrd")
    look = MissingWorkers.look

    def look_and_end(self: MissingWorkers) -> None:  # as no worker will ever come
        look(self)
        scheduler.kill()

    monkeypatch.setattr(MissingWorkers, "look", look_and_end)
    with scheduler_alone(tmp_path) as (scheduler, address), pytest.raises(DeviceError, match="gone or hangs"):
        batch(tmp_path / "a.nrrd", tmp_path / "out", scheduler=address)
    told = capfd.readouterr().err.splitlines()
    assert [line.split(";")[0] for line in told] == [
        "Warning: The cluster has no workers yet",
        "Warning: The cluster has had no worker for a minute",
    ]


def test_nothing_is_awaited_of_a_scheduler_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with (
        scheduler_alone(tmp_path) as (scheduler, address),
        ExitStack() as undo,
        existing_cluster(address, undo) as cluster,
    ):
        assert cluster.workers == []
        scheduler.send_signal(signal.SIGSTOP)
        monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.cluster.ANSWER_S", 1)
        for ask in (lambda: cluster.call(os.getpid), lambda: cluster.restart("tcp://x:1")):
            with pytest.raises(DeviceError, match="gone or hangs"):
                ask()


def test_nothing_is_awaited_of_a_scheduler_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ThinSliceSRLib.engine.batch.workers.existing_cluster.CONNECT_S", 5)
    with (
        scheduler_alone(tmp_path) as (scheduler, address),
        ExitStack() as undo,
        existing_cluster(address, undo) as cluster,
    ):
        scheduler.kill()
        scheduler.wait()
        for ask in (lambda: cluster.workers, lambda: cluster.call(os.getpid), lambda: cluster.restart("tcp://x:1")):
            with pytest.raises(DeviceError, match="scheduler is gone"):
                ask()
