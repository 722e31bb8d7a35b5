"""A Dask cluster that is there already, and belongs to others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ...addresses import shown
from ...errors import UnusableInput
from .cluster import Cluster, close, require_distributed

CONNECT_S = 20


@contextmanager
def existing_cluster(scheduler: str, undo: ExitStack, on_alone: Callable[[], None] = lambda: None) -> Iterator[Cluster]:
    """The cluster of the scheduler at this address. Without its client, here or on `undo`, workers drop their work.

    on_alone: see `Cluster`.
    """
    distributed = require_distributed()
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
    undo.callback(close, client)
    try:
        yield Cluster(client, on_alone=on_alone)
    finally:
        close(client)
