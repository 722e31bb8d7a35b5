"""The processes that do the volumes, behind a client of Dask, and what comes of the calls that they are given."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...errors import DeviceError, MissingLibrary, ThinSliceError, UnusableInput, in_plain_words
from . import lost_workers

if TYPE_CHECKING:
    from distributed import Client, Future, SpecCluster, as_completed

MOST_DEATHS = 3
RESTART_S = 20
ANSWER_S = 60
POLL_S = 0.1  # as Dask itself does while it waits
CLOSE_S = 2  # in which a cluster is to end that is cancelled


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
    `lost_workers.kept_whole`. on_alone: called when there has been no worker for a minute.

    On a cluster of our own as many as there are workers: whatever waits at a worker that dies would be blamed too.
    One that grows with its work, however, must see what there is to do.
    """

    def __init__(
        self,
        client: Client,
        at_once: int | None = None,
        given_up: threading.Event | None = None,
        on_alone: Callable[[], None] | None = None,
    ) -> None:
        self._client = client
        self._at_once = at_once
        self._given_up = given_up
        self._on_alone = on_alone

    @property
    def workers(self) -> list[str]:
        """Their addresses."""
        with self._reached():
            scheduler = self._client.scheduler
            assert scheduler is not None  # it is reached
            # A scheduler that hangs has not ended its connection.
            return list(self._client.sync(scheduler.ncores, callback_timeout=ANSWER_S))

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
            self._await(finished)
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

    def _await(self, finished: as_completed) -> None:
        """Returns when something is finished, or the client is. Meanwhile workers are missed, if anybody listens: to
        ask for them also tells when the scheduler hangs. Raises DeviceError."""
        if self._on_alone is None:
            return
        missing = lost_workers.MissingWorkers(lambda: self.workers, self._on_alone)
        while not finished.has_ready() and self._client.status == "running":
            missing.look()
            time.sleep(POLL_S)

    def restart(self, worker: str) -> None:
        """Gives the worker at this address a new process."""
        # One without a nanny, which nobody can restart, or that has gone meanwhile.
        with self._reached(), suppress(ValueError, KeyError):
            if worker in self.workers:  # which a scheduler that hangs does not answer, and Dask would wait for
                self._client.restart_workers([worker], timeout=RESTART_S, raise_for_error=False)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """For what is asked of the scheduler. Raises DeviceError when it is gone: a closed client never answers."""
        if self._client.status in ("closing", "closed"):
            raise _lost()
        try:
            yield
        except (OSError, asyncio.TimeoutError) as error:  # the latter is an OSError from Python 3.11 on
            raise _lost() from error


def close(connection: Client | SpecCluster, limit_s: float = CLOSE_S) -> None:
    """Closes what is to be closed. A cancelled run ends whatever happens, and its end closes all that is open."""
    with suppress(Exception):
        connection.close(limit_s)


def require_distributed() -> ModuleType:
    """The module. Raises MissingLibrary (`no_distributed`)."""
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


def _lost() -> DeviceError:
    return DeviceError(
        "The cluster's scheduler is gone or hangs; run again, and what is done is skipped.", "cluster_lost"
    )
