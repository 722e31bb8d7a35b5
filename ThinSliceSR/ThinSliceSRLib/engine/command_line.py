"""The command line `thinslicesr`: one verb per job, one sentence per failure, an exit code for programs.

The verb runs in a thread of its own, so that Ctrl-C and SIGTERM are answered at once even while PyTorch computes.
"""

from __future__ import annotations

import _thread
import argparse
import contextlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType
from typing import NoReturn

from . import ENGINE_VERSION
from .addresses import sentence_without_secrets
from .busy_machine import give_way_to_others
from .commands import VERBS
from .errors import NOTHING_WRITTEN, Cancelled, ThinSliceError, TooLate, in_plain_words
from .events.progress import Reporter, make_reporter, tell_problem
from .silence import give_back_stderr
from .standard_input import read_standard_input

USAGE_EXIT_CODE = 2
LISTENING = b"listening"


class Parser(argparse.ArgumentParser):
    """An argument parser that tells wrong usage in one sentence."""

    def error(self, message: str) -> NoReturn:
        sentence = f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.\n"
        self.exit(USAGE_EXIT_CODE, sentence_without_secrets(sentence))


def make_parser() -> Parser:
    """The parser of all verbs; `run` in its result is the verb's function."""
    parser = Parser(
        prog="thinslicesr",
        description="Makes synthetic thin slices (1 mm) from thick-slice chest CT (2 to 10 mm). For research only.",
    )
    parser.add_argument("--version", action="version", version=f"thinslicesr {ENGINE_VERSION}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb_parser = verbs.add_parser(verb.NAME, help=verb.__doc__, description=verb.__doc__)
        verb_parser.add_argument(
            "--debug", action="store_true", help="show where in the program a failure happened, to report it"
        )
        # For programs that people look at while they wait for this one.
        verb_parser.add_argument("--cancel-with-input", action="store_true", help=argparse.SUPPRESS)
        verb_parser.add_argument("--give-way", action="store_true", help=argparse.SUPPRESS)
        verb.add_arguments(verb_parser)
        verb_parser.set_defaults(run=verb.run, when_cancelled=getattr(verb, "WHEN_CANCELLED", NOTHING_WRITTEN))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code; a failure is told in one sentence on stderr."""
    arguments = make_parser().parse_args(argv)
    if arguments.give_way:
        give_way_to_others()
    try:
        reporter = make_reporter(getattr(arguments, "progress", "none"))
    except ThinSliceError as failure:
        tell_problem(failure)
        return failure.exit_code
    undo = ExitStack()
    # Events are all that reaches stdout when a program listens, whatever a library prints.
    quiet = contextlib.redirect_stdout(sys.stderr) if getattr(arguments, "progress", "") == "json" else ExitStack()
    with quiet:
        try:
            return _run_in_thread(arguments, reporter, undo)
        except KeyboardInterrupt:
            error: ThinSliceError = Cancelled()
        except Exception as failure:  # noqa: BLE001 - the last resort: one sentence instead of a traceback
            error = in_plain_words(failure)
        if isinstance(error, Cancelled):
            try:
                undo.close()
            except TooLate:  # the outputs stand, so it was not cancelled
                return 0
            error = Cancelled(arguments.when_cancelled)
            give_back_stderr()
        with contextlib.suppress(Cancelled):  # whoever listened may be gone
            reporter.failed(error)
        if arguments.debug:
            tell_problem("".join(traceback.format_exception(error)))
        return error.exit_code


def console() -> NoReturn:
    """The entry point of a process. A cancelled computation may still hold its thread, so the process ends at once."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # names that its encoding lacks, as of Windows into a file
    code = main()
    # What was to be done is done or undone: a Ctrl-C from now on would only show where Python was on its way out.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    broken = False
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except OSError:
            broken = True
    if broken or code == Cancelled.exit_code:
        os._exit(code)
    sys.exit(code)


def cancel_when_input_ends() -> None:
    """Cancels the run when standard input ends, by which a program that started it ends it, or by its own end.

    On Windows there is no gentler way to end a process, and elsewhere a launcher between the two might not hand on a
    signal. The program first writes the line `listening`: an input that is empty from the start tells nothing.
    """

    def watch() -> None:
        with contextlib.suppress(OSError):
            if read_standard_input(64).strip() == LISTENING:
                while read_standard_input(64):
                    pass
                _thread.interrupt_main(signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _run_in_thread(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> int:
    """Runs the verb in a thread and raises here what it raises, or Cancelled on SIGTERM."""
    failures: list[BaseException] = []
    ended = threading.Event()

    def work() -> None:
        try:
            arguments.run(arguments, reporter, undo)
        except BaseException as failure:  # noqa: BLE001 - handed over to the main thread
            failures.append(failure)
        finally:
            ended.set()

    def cancel(number: int, frame: FrameType | None) -> NoReturn:
        raise Cancelled

    before = signal.signal(signal.SIGTERM, cancel)
    try:
        if arguments.cancel_with_input:
            cancel_when_input_ends()
        threading.Thread(target=work, daemon=True).start()
        try:
            _wait_for(ended)
        except (KeyboardInterrupt, Cancelled):
            try:
                undo.close()
            except TooLate:
                while not ended.is_set():
                    with contextlib.suppress(KeyboardInterrupt, Cancelled):  # it is too late for these, too
                        _wait_for(ended)
            else:
                raise
    finally:
        signal.signal(signal.SIGTERM, before)
    if failures:
        raise failures[0]
    return 0


def _wait_for(event: threading.Event) -> None:
    while not event.wait(0.1):  # a wait without end could not be interrupted on Windows
        pass
