"""Processes of the engine's command line, run by Slicer's own Python, and one that stands by for the next run."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import qt

from .process_tree import end_process_tree

LIBRARY = Path(__file__).resolve().parents[3]
PATIENCE_MS = 1000  # with one that is asked to end, which it does at once unless the disk has yet to give it a library


def start_engine(process: qt.QProcess, arguments: Sequence[str]) -> None:
    """Starts the command line with these arguments and returns at once."""
    # Python finds the library in its working folder: Slicer's launcher need not hand on PYTHONPATH.
    process.setWorkingDirectory(str(LIBRARY))
    environment = qt.QProcessEnvironment.systemEnvironment()
    environment.remove("PYTHONSAFEPATH")
    process.setProcessEnvironment(environment)
    # Slicer sets sys.executable only after its first module has been opened, which may be this one, so it is read here.
    process.start(sys.executable, ["-m", "ThinSliceSRLib.engine", *arguments])


class StandBy:
    """A process that has loaded what a run needs, so that Apply shows something a second sooner; at most one.

    It computes nothing until it is taken, and ends with Slicer.
    """

    def __init__(self) -> None:
        self._process: qt.QProcess | None = None
        self._environment: dict[str, str] = {}  # of the process
        self._leaving: list[qt.QProcess] = []  # to be held until they have ended

    @property
    def tried(self) -> bool:
        """Whether one was started and not taken or dismissed since; it may have ended by itself."""
        return self._process is not None

    @property
    def ready(self) -> bool:
        """Whether there is one to be taken, which may still be loading."""
        return self._process is not None and self._process.state() == qt.QProcess.Running

    def prepare(self) -> None:
        """Starts one unless that was `tried`, and returns at once."""
        if not self.tried:
            self._process = qt.QProcess()
            self._environment = dict(os.environ)
            start_engine(self._process, ["--stand-by"])

    def take(self, arguments: Sequence[str]) -> qt.QProcess | None:
        """The process, which is told its arguments and is the caller's from now on; None where none is `ready`."""
        if self._environment != os.environ:  # a script has changed what the process would go by
            self.dismiss()
        if not self.ready:
            return None
        process, self._process = self._process, None
        assert process is not None  # as it is ready
        process.write(qt.QByteArray(json.dumps([*arguments]).encode() + b"\n"))
        return process

    def dismiss(self) -> None:
        """Has the process end, if there is one, and returns at once."""
        self._leaving = [process for process in self._leaving if process.state() != qt.QProcess.NotRunning]
        if self._process is not None:
            self._process.closeWriteChannel()
            self._leaving.append(self._process)
            self._process = None

    def close(self) -> None:
        """As `dismiss`, but waits until it is gone, as when Slicer quits: some two seconds at most."""
        self.dismiss()
        end = time.monotonic() + PATIENCE_MS / 1000
        for process in self._leaving:
            left_ms = max(0, round(1000 * (end - time.monotonic())))
            if process.state() != qt.QProcess.NotRunning and not process.waitForFinished(left_ms):
                end_process_tree(int(process.processId()))  # with what Slicer's launcher has started
                process.waitForFinished(PATIENCE_MS)
        self._leaving = []
