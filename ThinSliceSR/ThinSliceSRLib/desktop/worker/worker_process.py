"""The engine's command line in a process of its own, so that Slicer neither waits for it nor falls with it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt
from slicer.i18n import tr as _

from ...engine.events.told import Event, Failed
from .engine_process import PATIENCE_MS, StandBy, start_engine
from .event_lines import EventLines
from .later import later
from .process_tree import end_process_tree

CANCELLED_EXIT_CODE = 130
TOLD_EXIT_CODES = (2, 3, 4)
LOG_BYTES = 64_000


@dataclass(frozen=True)
class Ending:
    """How a worker ended.

    exit_code: of the command line (see docs/scripting.md); None when it crashed or could not be started.
    code, sentence: of its failure, in the engine's words where it could tell; empty when there is none.
    output: what it printed, unless that was events. log: the last lines that it wrote on stderr.
    """

    exit_code: int | None
    code: str = ""
    sentence: str = ""
    output: str = ""
    log: str = ""

    @property
    def done(self) -> bool:
        return self.exit_code == 0

    @property
    def cancelled(self) -> bool:
        return self.exit_code == CANCELLED_EXIT_CODE


def crash_sentence() -> str:
    return _("The background program ended unexpectedly; try again, and restart Slicer if it happens again.")


class Worker:
    """One run of a verb: `worker = Worker(["devices", "--json"], on_ended=…)`, then `worker.start()`.

    With `on_event`, each of its events (see docs/scripting.md) is handed over when it is told; the verb's arguments
    then hold `--progress json`. `on_ended` comes once, whatever happens, but not after `abandon`. With `stand_by`, the
    process that stands by runs it, if it is ready. Hold on to the object while it runs: the process ends with it.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        on_ended: Callable[[Ending], None],
        on_event: Callable[[Event], None] | None = None,
        stand_by: StandBy | None = None,
    ) -> None:
        self._arguments = list(arguments)
        self._stand_by = stand_by
        self._tells_events = on_event is not None
        self._on_event: Callable[[Event], None] | None = on_event
        self._on_ended: Callable[[Ending], None] | None = on_ended
        self._lines = EventLines()
        self._output = bytearray()
        self._log = bytearray()
        self._failure: Failed | None = None
        self._cancelling = False
        self._told = False
        self._on_gone: Callable[[], None] | None = None
        self._process = qt.QProcess()  # until one that stands by takes its place

    @property
    def running(self) -> bool:
        return self._process.state() != qt.QProcess.NotRunning

    @property
    def process_id(self) -> int:
        """Of the process that was started, which may be a launcher; 0 when none runs."""
        return int(self._process.processId())

    def start(self) -> None:
        """Starts the process and returns at once."""
        verb, *rest = self._arguments
        arguments = ["--cancel-with-input", *rest]
        ready = self._stand_by.take([verb, *arguments]) if self._stand_by else None
        if ready is not None:
            self._process = ready
        self._process.readyReadStandardOutput.connect(self._read_output)
        self._process.readyReadStandardError.connect(self._read_log)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._error_occurred)
        if ready is None:
            start_engine(self._process, [verb, "--give-way", *arguments])
        self._process.write(qt.QByteArray(b"listening\n"))

    def cancel(self) -> None:
        """Asks the worker to end and returns at once; the whole process tree is gone within 2 seconds."""
        if self.running and not self._cancelling:
            self._cancelling = True
            self._process.closeWriteChannel()
            later(self._end, PATIENCE_MS)

    def dismiss(self, on_gone: Callable[[], None]) -> None:
        """Ends the worker without a further word and returns at once; later, when it is no more, calls `on_gone`."""
        self._told = True
        self._let_go()
        if not self.running:
            later(on_gone)
            return
        self._on_gone = on_gone
        self.cancel()

    def abandon(self) -> None:
        """Ends the worker without a further word and waits for it, as when Slicer quits: at most 2 seconds."""
        self._told = True
        self._let_go()
        if self.running:
            self._cancelling = True
            self._process.closeWriteChannel()
            if not self._process.waitForFinished(PATIENCE_MS):
                self._end()
                self._process.waitForFinished(PATIENCE_MS)

    def _end(self) -> None:
        if self.running:
            end_process_tree(self.process_id)

    def _read_output(self, *_arguments: object) -> None:
        piece = self._process.readAllStandardOutput().data()
        if not self._tells_events:
            self._output += piece
            return
        for event in self._lines.feed(piece):
            if isinstance(event, Failed):
                self._failure = event
            try:
                if self._on_event:
                    self._on_event(event)
            except Exception:  # of who listens, who must hear of what follows all the same
                logging.exception("an event of the background program was not heard")

    def _read_log(self, *_arguments: object) -> None:
        self._log += self._process.readAllStandardError().data()
        del self._log[:-LOG_BYTES]

    def _error_occurred(self, *_arguments: object) -> None:
        # Any other error ends the process, which `finished` tells.
        if self._process.error() == qt.QProcess.FailedToStart:
            sentence = _(
                "The background program could not be started ({program}); restart Slicer, or install it again."
            )
            self._tell(Ending(None, "not_started", sentence.format(program=self._process.program())))

    def _finished(self, *_arguments: object) -> None:
        if self._on_gone is not None:
            later(self._on_gone)
            self._on_gone = None
        self._read_output()
        self._read_log()
        ended = f"the background program ended: {self._process.exitStatus()}, code {self._process.exitCode()}"
        lines = [line for line in self._log.decode("utf-8", "replace").splitlines() if line.strip()]
        log = "\n".join([*self._lines.other_lines, *lines, ended])
        output = self._output.decode("utf-8", "replace")
        exit_code = self._process.exitCode()
        crashed = self._process.exitStatus() == qt.QProcess.CrashExit or exit_code < 0
        if self._cancelling and (crashed or exit_code):
            self._tell(Ending(CANCELLED_EXIT_CODE, "cancelled", "", output, log))
        elif exit_code == 0 and not crashed:
            self._tell(Ending(0, output=output, log=log))
        elif self._failure:
            self._tell(Ending(exit_code, self._failure.code, self._failure.message, output, log))
        elif exit_code in TOLD_EXIT_CODES and not crashed and not self._tells_events and lines:
            # A verb without events tells its failure on stderr, in one sentence at the end. Any other exit code may be
            # that of a Python that could not import the engine, or of a launcher whose child has crashed.
            self._tell(Ending(exit_code, "failed", lines[-1], output, log))
        else:
            self._tell(Ending(None, "crashed", crash_sentence(), output, log))

    def _tell(self, ending: Ending) -> None:
        if not self._told:
            self._told = True
            # Later: who is told may drop this object, and with it the process that is just signalling.
            later(lambda: self._deliver(ending))

    def _deliver(self, ending: Ending) -> None:
        on_ended = self._on_ended
        self._let_go()
        if on_ended:
            on_ended(ending)

    def _let_go(self) -> None:
        """PythonQt keeps this object for the session, so it must not keep the listeners, and with them volumes."""
        self._on_event = self._on_ended = None
