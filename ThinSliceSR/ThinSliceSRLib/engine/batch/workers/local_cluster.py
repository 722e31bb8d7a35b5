"""A Dask cluster of this machine, sized to it."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ...errors import DeviceError
from . import lost_workers, worker_start
from .cluster import CLOSE_S, MOST_DEATHS, Cluster, close, require_distributed
from .places import worker_places

if TYPE_CHECKING:
    from distributed import SpecCluster

START_S = 180
END_S = 30  # in which a cluster is to end that is left


@contextmanager
def local_cluster(device: str, workers: int | None, undo: ExitStack) -> Iterator[Cluster]:
    """A cluster of this machine: a worker per CUDA GPU, or as many as cores and memory allow, or `workers`.

    Its connections are encrypted, with keys of its own: whoever else uses this machine could otherwise hand it code.
    Its end is put on `undo`. Raises DeviceError when the device is not there.
    """
    distributed = require_distributed()
    import dask

    places = worker_places(device, workers)
    security = distributed.Security.temporary()
    own = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    nanny = {
        **own,
        "nthreads": 1,
        "memory_limit": None,
        "silence_logs": logging.CRITICAL,
        "preload": [worker_start.__name__],
        "death_timeout": START_S,
    }
    scheduler = {
        **own,
        "allowed_failures": MOST_DEATHS - 1,
        "dashboard": find_spec("bokeh") is not None,
        "dashboard_address": "127.0.0.1:0",
    }
    # Dask would have the C library give all memory back at once, which takes a network twice the time.
    own_settings = {
        "distributed.nanny.pre-spawn-environ": {},
        "distributed.deploy.lost-worker-timeout": f"{lost_workers.LOST_S} s",
    }
    with dask.config.set(own_settings):
        others = multiprocessing.active_children()
        try:
            cluster = distributed.SpecCluster(
                scheduler={"cls": distributed.Scheduler, "options": scheduler},
                workers={
                    number: {"cls": distributed.Nanny, "options": {**nanny, "env": place}}
                    for number, place in enumerate(places)
                },
                security=security,
                silence_logs=logging.CRITICAL,
            )
        except Exception as error:  # whatever Dask runs into, or its assertion after `death_timeout`
            left = set(multiprocessing.active_children()).difference(others)
            for process in left:
                process.kill()  # which Dask leaves until this one ends
            for process in left:
                process.join(CLOSE_S)
            raise _not_started(len(places)) from error
        undo.callback(_end, cluster)
        try:
            with (
                distributed.Client(cluster, set_as_default=False) as client,
                lost_workers.kept_whole(cluster, len(places), undo) as given_up,
            ):
                try:
                    client.wait_for_workers(len(places), timeout=START_S)
                except distributed.TimeoutError as error:
                    raise _not_started(len(places)) from error
                yield Cluster(client, len(places), given_up)
        finally:
            _end(cluster, END_S)


def _end(cluster: SpecCluster, limit_s: float = CLOSE_S) -> None:
    """Ends the workers of a cluster of our own, by force after `limit_s`: it returns when they are gone."""
    import psutil  # which Dask needs itself; unlike numbers, its processes cannot be mistaken for later ones

    processes = []
    for nanny in list(cluster.workers.values()):
        with suppress(psutil.NoSuchProcess):
            processes += [psutil.Process(nanny.pid)] if nanny.pid else []
    close(cluster, limit_s)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, CLOSE_S)


def _not_started(workers: int) -> DeviceError:
    return DeviceError(f"Not all of {workers} workers could be started; use fewer (--workers).", "no_workers")
