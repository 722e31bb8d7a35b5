"""Workers that are lost for good get successors, or are missed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Nanny, SpecCluster

LOST_S = 60  # after which a worker that ended and has not come back is given up
LOOK_S = 2  # between looks for such workers
HOPELESS_S = 180  # without a worker, though new ones are started all the time


@contextmanager
def kept_whole(cluster: SpecCluster, workers: int, undo: ExitStack) -> Iterator[threading.Event]:
    """Within the block, and until `undo`, a worker that is lost for good gets a successor.

    Where none can be started any more, as on a full disk, all is given up: the event is set, and the scheduler is
    closed, whose calls then end without a result.

    Dask has a worker that died restarted by its nanny alone, and gives up one that dies as it starts, or that takes
    longer to start than LOST_S; where one dies before its nanny knows that it has started, nobody does anything.
    Without workers a batch would wait for ever.
    """
    ended, given_up = threading.Event(), threading.Event()
    loop, scheduler = cluster.loop, cluster.scheduler
    assert loop is not None  # it runs
    assert scheduler is not None
    dead_since: dict[Nanny | SpecCluster, float] = {}

    def dead_s(who: Nanny | SpecCluster, alive: bool) -> float | None:
        """For how long it has been seen dead; None where it is not."""
        if alive:
            dead_since.pop(who, None)
            return None
        return time.monotonic() - dead_since.setdefault(who, time.monotonic())

    def replace_lost() -> None:  # in the cluster's own thread
        if ended.is_set():  # it ends, and must get no new workers
            return
        without_s = dead_s(cluster, bool(scheduler.workers))
        if without_s is not None and without_s > HOPELESS_S:
            ended.set()
            given_up.set()
            loop.add_callback(scheduler.close)
            return
        for name, nanny in list(cluster.workers.items()):
            lost_s = dead_s(nanny, nanny.is_alive())
            if lost_s is not None and (nanny.status.name in ("failed", "closed") or lost_s >= LOST_S):
                del cluster.workers[name], dead_since[nanny]
                loop.add_callback(_closed, nanny)
        cluster.scale(workers)

    def look() -> None:
        while not ended.wait(LOOK_S):
            loop.add_callback(replace_lost)

    undo.callback(ended.set)
    threading.Thread(target=look, daemon=True).start()
    try:
        yield given_up
    finally:
        ended.set()


async def _closed(nanny: Nanny) -> None:
    """So that it starts nothing any more."""
    with suppress(Exception):  # nobody waits for it, and Dask would print what goes wrong
        await nanny.close()


class MissingWorkers:
    """Tells of a cluster that others run when it has had no worker for LOST_S, and again after it had one."""

    def __init__(self, are_there: Callable[[], object], tell: Callable[[], None]) -> None:
        self._are_there, self._tell = are_there, tell
        self._last_look = time.monotonic()
        self._alone_since: float | None = None
        self._told = False

    def look(self) -> None:
        """Looks if the last look was LOOK_S ago: to be called while work is waited for."""
        now = time.monotonic()
        if now - self._last_look < LOOK_S:
            return
        self._last_look = now
        if self._are_there():
            self._alone_since, self._told = None, False
            return
        self._alone_since = now if self._alone_since is None else self._alone_since
        if not self._told and now - self._alone_since >= LOST_S:
            self._told = True
            self._tell()
