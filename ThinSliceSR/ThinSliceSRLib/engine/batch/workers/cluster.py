"""The processes that do the volumes: a Dask cluster of this machine, sized to it, or one that is there already."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...addresses import shown
from ...errors import DeviceError, MissingLibrary, ThinSliceError, UnusableInput, in_plain_words
from . import lost_workers, worker_start
from .places import worker_places

if TYPE_CHECKING:
    from distributed import Client, Future, SpecCluster

MOST_DEATHS = 3
CONNECT_S = 20
START_S = 180
# In which a cluster is to end: one that is left, and one that is cancelled.
END_S = 30
CLOSE_S = 2


@dataclass(frozen=True)
class Call:
    """A function to be called on a worker, of a volume known by `key`."""

    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class WorkersDied:
    """What comes of a call that ended MOST_DEATHS workers, or as many as its scheduler allows."""


class ResultGone(Exception):
    """The worker that kept a result ended before it was fetched, as when it was restarted: the call is to be redone."""


@dataclass(frozen=True)
class CallFailed:
    """What comes of a call that raised something, or whose result could not be brought back."""

    error: ThinSliceError


class Cluster:
    """The workers behind a client. at_once: how many calls are handed over at a time; None means all. given_up: see
    `lost_workers.kept_whole`.

    On a cluster of our own as many as there are workers: whatever waits at a worker that dies would be blamed too.
    One that grows with its work, however, must see what there is to do.
    """

    def __init__(self, client: Client, at_once: int | None = None, given_up: threading.Event | None = None) -> None:
        self._client = client
        self._at_once = at_once
        self._given_up = given_up

    @property
    def workers(self) -> list[str]:
        """Their addresses."""
        with self._reached():
            return list(self._client.nthreads())

    @property
    def dashboard(self) -> str | None:
        """The address of its web page; None where bokeh, which draws it, is missing or nobody serves it."""
        return self._client.dashboard_link if find_spec("bokeh") else None

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What `function` returns on any worker. Waits until there is one. Raises ThinSliceError."""
        result = next(self.completed(deque([Call("", function, arguments)])))[1]
        if isinstance(result, WorkersDied):
            raise DeviceError("Workers end as soon as they begin; look at their logs.", "worker_died")
        if isinstance(result, CallFailed):
            raise result.error
        return result

    def completed(self, calls: deque[Call]) -> Iterator[tuple[Call, Any]]:
        """Each call with its result, as it is finished; further ones may be appended meanwhile.

        The result is WorkersDied when its workers died, CallFailed when it failed in another way. Raises ThinSliceError
        when the cluster is lost.
        """
        from distributed import as_completed

        running: dict[Future, Call] = {}
        finished = as_completed(loop=self._client.loop)
        number = 0
        while calls or running:
            while calls and (self._at_once is None or len(running) < self._at_once):
                call = calls.popleft()
                # Named by a number: keys are shown on dashboards and in logs.
                key = (call.function.__name__, number)
                number += 1
                with self._reached():
                    future = self._client.submit(call.function, *call.arguments, key=key, pure=False)
                running[future] = call
                finished.add(future)
            future = next(finished)
            call = running.pop(future)
            try:
                result = _result(future)
            except ResultGone as error:
                if self._given_up and self._given_up.is_set():
                    raise DeviceError(
                        "No worker could be started any more; make sure that disk and memory have room, then run "
                        "again, and what is done is skipped.",
                        "worker_died",
                    ) from error
                if self._client.status != "running":  # with its scheduler all results are gone
                    raise _lost() from error
                calls.appendleft(call)
                continue
            yield call, result

    def restart(self, worker: str) -> None:
        """Gives the worker at this address a new process."""
        # One without a nanny, which nobody can restart, or that has gone meanwhile.
        with self._reached(), suppress(ValueError, KeyError):
            self._client.restart_workers([worker], timeout=CONNECT_S, raise_for_error=False)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """For what is asked of the scheduler. Raises DeviceError when it is gone: a closed client never answers."""
        if self._client.status in ("closing", "closed"):
            raise _lost()
        try:
            yield
        except OSError as error:
            raise _lost() from error


@contextmanager
def existing_cluster(scheduler: str, undo: ExitStack) -> Iterator[Cluster]:
    """The cluster of the scheduler at this address. Without its client, here or on `undo`, workers drop their work."""
    distributed = _distributed()
    for handler in logging.getLogger("distributed").handlers:
        handler.setLevel(logging.CRITICAL)  # what it would tell with a traceback, `_result` tells
    client = distributed.Client.__new__(distributed.Client)
    failures: list[Exception] = []

    def connect() -> None:
        try:
            client.__init__(scheduler, timeout=CONNECT_S, set_as_default=False)
        except Exception as error:  # noqa: BLE001 - raised again below
            failures.append(error)

    # Whom it reaches at the address has all the time in the world to say the first word.
    connecting = threading.Thread(target=connect, daemon=True)
    connecting.start()
    connecting.join(2 * CONNECT_S)
    if connecting.is_alive() or failures:
        client.status = "closed"  # else it tries, as it is forgotten, to say goodbye to nobody, and shows a traceback
        error = failures[0] if failures else None
        if error and not isinstance(error, (OSError, ValueError)):
            raise error
        raise UnusableInput(
            f"No Dask scheduler answers at {shown(scheduler)}; check that it runs and its address (tcp://host:port).",
            "no_scheduler",
        ) from error
    undo.callback(_close, client)
    with client:
        yield Cluster(client)


@contextmanager
def local_cluster(device: str, workers: int | None, undo: ExitStack) -> Iterator[Cluster]:
    """A cluster of this machine: a worker per CUDA GPU, or as many as cores and memory allow, or `workers`.

    Its connections are encrypted, with keys of its own: whoever else uses this machine could otherwise hand it code.
    Its end is put on `undo`. Raises DeviceError when the device is not there.
    """
    distributed = _distributed()
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
            for process in set(multiprocessing.active_children()).difference(others):
                process.kill()  # which Dask leaves until this one ends
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
    _close(cluster, limit_s)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, CLOSE_S)


def _close(connection: Client | SpecCluster, limit_s: float = CLOSE_S) -> None:
    """Closes what is to be closed. A cancelled run ends whatever happens, and its end closes all that is open."""
    with suppress(Exception):
        connection.close(limit_s)


def _distributed() -> ModuleType:
    try:
        import cryptography  # noqa: F401 - for the keys of a cluster of our own
        import distributed
    except ImportError as error:
        raise MissingLibrary(
            "Batches need distributed and cryptography; install them with: pip install distributed cryptography",
            "no_distributed",
        ) from error
    return distributed


def _result(future: Future) -> Any:
    """What came of a call. Raises ResultGone, or UnusableInput when the workers are none of this program."""
    from distributed import KilledWorker

    if future.status == "finished":
        try:
            return future.result()
        except Exception as error:  # noqa: BLE001 - what one call made must not stop the others
            if future.status == "finished":
                return CallFailed(in_plain_words(error))
    if future.status != "error":
        raise ResultGone
    failure = future.exception()
    if isinstance(failure, KilledWorker):
        return WorkersDied()
    if isinstance(failure, ImportError):
        raise UnusableInput(
            "The workers lack thinslicesr, or have another version of it; install this one where they run.",
            "no_engine",
        ) from failure
    return CallFailed(in_plain_words(failure))


def _not_started(workers: int) -> DeviceError:
    return DeviceError(f"Not all of {workers} workers could be started; use fewer (--workers).", "no_workers")


def _lost() -> DeviceError:
    return DeviceError("The cluster's scheduler is gone; run again, and what is done is skipped.", "cluster_lost")
