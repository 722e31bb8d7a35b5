"""Work that is done piece by piece, while the GUI goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Generator
from inspect import GEN_RUNNING, getgeneratorstate
from typing import TypeVar

import qt

T = TypeVar("T")


class Piecework:
    """Does one piece whenever Qt has nothing else to do; a piece takes a few milliseconds.

    What goes wrong in an answer to Qt would be printed and forgotten, so it is handed on.
    """

    def __init__(
        self,
        pieces: Generator[None, None, T],
        on_done: Callable[[T], None],
        on_failed: Callable[[Exception], None],
    ) -> None:
        """pieces: does one up to each `yield`. on_done, with what it returns, or on_failed is told, later and once, but
        not after `stop`."""
        self._pieces: Generator[None, None, T] | None = pieces
        self._on_done: Callable[[T], None] | None = on_done
        self._on_failed: Callable[[Exception], None] | None = on_failed
        self._timer = qt.QTimer()
        self._timer.timeout.connect(self._work)
        self._timer.start(0)

    @property
    def going_on(self) -> bool:
        return self._pieces is not None

    def stop(self) -> None:
        """Ends it. PythonQt keeps this object for the session, so it must not keep what it worked on."""
        pieces, self._pieces = self._pieces, None
        self._on_done = self._on_failed = None
        if pieces is None:
            return
        self._timer.stop()
        self._timer.deleteLater()
        if getgeneratorstate(pieces) != GEN_RUNNING:  # else it is itself what stops it
            pieces.close()

    def _work(self) -> None:
        pieces, on_done, on_failed = self._pieces, self._on_done, self._on_failed
        if pieces is None or on_done is None or on_failed is None:
            return
        try:
            next(pieces)
        except StopIteration as ended:
            if self.going_on:
                self.stop()
                on_done(ended.value)
        except Exception as error:
            if not self.going_on:
                raise
            self.stop()
            on_failed(error)
