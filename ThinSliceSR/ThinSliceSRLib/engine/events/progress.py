"""How a run tells what it does: JSON lines for programs, a bar for people, or nothing."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from ..addresses import sentence_without_secrets, without_secrets
from ..errors import Cancelled, ThinSliceError, UnusableInput
from .json_lines import line_of
from .told import BatchStarted, Event, Failed, Finished, Noted, Progressed, Started, SynthesisStarted, Warned

if TYPE_CHECKING:
    from .finding import Finding


class Reporter(Protocol):
    """What a run tells. `progress` comes after each piece of a stage; `slices` are the first and last one finished.

    warning: what asks for care. note: what is good to know; neither makes a run fail.
    """

    def started(self, event: Started) -> None: ...

    def warning(self, finding: Finding) -> None: ...

    def note(self, finding: Finding) -> None: ...

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None: ...

    def finished(self, event: Finished) -> None: ...

    def failed(self, error: ThinSliceError) -> None: ...


class TimeLeft:
    """Estimates the seconds that a stage still needs from the pieces that it has done."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = 0.0
        self._before = 0

    def estimate(self, stage: str, done: int, total: int) -> float | None:
        """Seconds left; None when a stage is first told of, which should be before its first piece is done.

        What is done by then, as in a download that is taken up again, does not count for the pace.
        """
        now = time.monotonic()
        if stage != self._stage or done < self._before:
            self._stage, self._began, self._before = stage, now, done
            return None
        return (now - self._began) / (done - self._before) * (total - done) if done > self._before else None


def tell(text: object, stream: TextIO | None = None) -> None:
    """Prints for people, on stdout unless told otherwise. That nobody listens is no failure of the work."""
    with suppress(OSError):
        print(without_secrets(str(text)), file=stream, flush=True)


def tell_problem(text: object) -> None:
    """Prints what went wrong, on stderr, for people."""
    tell(sentence_without_secrets(str(text)), sys.stderr)


class SilentReporter:
    """Tells nothing but failures and warnings, on stderr."""

    def started(self, event: Started) -> None:
        pass

    def warning(self, finding: Finding) -> None:
        tell_problem(f"Warning: {finding.message}")

    def note(self, finding: Finding) -> None:
        pass

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        pass

    def finished(self, event: Finished) -> None:
        pass

    def failed(self, error: ThinSliceError) -> None:
        tell_problem(error)


class BarReporter(SilentReporter):
    """A progress bar with the time left on stderr."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._new_bar = tqdm
        self._bar: Any = None
        self._stage = ""

    def started(self, event: Started) -> None:
        if isinstance(event, SynthesisStarted):
            if event.input.series:
                tell(f'DICOM series "{event.input.series.description}"', sys.stderr)
            self._tell_computing(event, event.cubes, "cube")
        elif isinstance(event, BatchStarted):
            self._tell_computing(event, event.volumes, "volume")
            dashboard = event.dashboard or "none, as it needs bokeh; install it with: pip install bokeh"
            print(f"dashboard: {dashboard}", file=sys.stderr)

    def _tell_computing(self, event: SynthesisStarted | BatchStarted, count: int, kind: str) -> None:
        amount = f"{count} {kind}" if count == 1 else f"{count} {kind}s"
        print(f"{event.weights.name} on {event.device} ({event.precision}), {amount}", file=sys.stderr)

    def warning(self, finding: Finding) -> None:
        warning = sentence_without_secrets(f"Warning: {finding.message}")
        self._new_bar.write(warning, sys.stderr)  # above the bar, not behind it

    def note(self, finding: Finding) -> None:
        self._new_bar.write(f"Note: {finding.message}", sys.stderr)

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        if stage == self._stage and self._bar is None:
            return  # all of it was done before
        if stage != self._stage:
            self._close()
            self._stage = stage
            form = "{l_bar}{bar}| {elapsed} done, {remaining} left"
            self._bar = self._new_bar(total=total, initial=done, desc=stage, position=0, bar_format=form)
        self._bar.update(done - self._bar.n)
        if done == total:
            self._close()

    def failed(self, error: ThinSliceError) -> None:
        self._close()
        super().failed(error)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class JsonReporter:
    """One JSON object per line, flushed at once; a failure is also told in one sentence on stderr."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._time_left = TimeLeft()

    def started(self, event: Started) -> None:
        self._tell(event)

    def warning(self, finding: Finding) -> None:
        self._tell(Warned(finding.code, sentence_without_secrets(finding.message)))

    def note(self, finding: Finding) -> None:
        self._tell(Noted(finding.code, finding.message))

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        eta = self._time_left.estimate(stage, done, total)
        self._tell(Progressed(stage, done, total, None if eta is None else round(eta, 1), slices))

    def finished(self, event: Finished) -> None:
        self._tell(event)

    def failed(self, error: ThinSliceError) -> None:
        tell_problem(error)
        self._tell(Failed(error.code, sentence_without_secrets(str(error))))

    def _tell(self, event: Event) -> None:
        try:
            print(without_secrets(line_of(event)), file=self._stream, flush=True)
        except OSError as error:  # whoever listened is gone, so the run has no purpose any more
            raise Cancelled from error


def make_reporter(kind: str | None) -> Reporter:
    """The reporter of `--progress`: bar, json or none; None means a bar where stderr is a terminal."""
    if kind == "json":
        if sys.stdout is None:
            raise UnusableInput("Progress as JSON needs standard output, which is closed; leave it open.", "no_stdout")
        return JsonReporter(sys.stdout)
    if kind == "bar" or (kind is None and sys.stderr.isatty()):
        return BarReporter()
    return SilentReporter()
