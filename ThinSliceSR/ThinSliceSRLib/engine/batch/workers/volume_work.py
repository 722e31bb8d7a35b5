"""What a worker does: one volume from its source to its results, and the results back into the archive.

A volume is done within the worker's own process, by the `run_job` that `synthesize` runs. A process for each volume
would start anew every time (the interpreter, PyTorch, a GPU's context, the weights: seconds, which a GPU needs for half
a volume). What such a process would give, the workers give too, as each is a process with its own GPU or share of the
CPU: one that dies takes one volume with it and is replaced, and one that fails unexpectedly, as after a CUDA error,
is restarted by the batch.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import ENGINE_VERSION
from ...devices.device import choose_device
from ...devices.threads import compute_with_threads
from ...dicom_out.beside_dls import require_highdicom
from ...doubt.expected_error import require_calibration
from ...errors import Cancelled, DeviceError, ThinSliceError, in_plain_words
from ...events.finding import Finding
from ...events.told import Finished, Started
from ...run.job import Job, run_job
from ...run.options import SynthesisOptions, handed_on
from ...weights.model_choice import choose_model
from ..archive.fetching import fetched_series
from ..archive.sending import send_series
from ..settings import Results, Settings
from ..sources.source import Source

if TYPE_CHECKING:
    from distributed import Worker


@dataclass(frozen=True)
class Engine:
    """What a worker computes with. failure: why it cannot."""

    version: str = ENGINE_VERSION
    model: str = ""
    model_sha256: str = ""
    device: str = ""
    precision: str = ""
    failure: ThinSliceError | None = None


@dataclass(frozen=True)
class Made:
    """What became of a volume. facts: those of `run_job`, and of the model. sent: UIDs of what the archive took.

    suspect: the address of the worker, when it failed such that it may be unwell.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, str]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    bytes: int | None = None
    failure_code: str = ""
    failure: str = ""
    suspect: str | None = None


def engine_here(settings: Settings) -> Engine:
    """What this worker would compute with."""
    try:
        compute_with_threads(settings.threads)
        device = choose_device(settings.device, settings.precision)
        model = choose_model(settings.weights, device.is_gpu)
        if settings.doubt:
            require_calibration(model)
            if settings.dicom_out:
                require_highdicom()
    except ThinSliceError as error:
        return Engine(failure=error)
    return Engine(ENGINE_VERSION, model.label, model.sha256, device.label, device.precision)


def make_volume(source: Source, results: Results, settings: Settings) -> Made:
    """Synthesises one volume. Never raises: a failure is one sentence, and then none of the results is there.

    Results that are there are replaced: the batch asks for nothing that it may not replace.
    """
    notes = Notes()
    with ExitStack() as fetched:
        try:
            place = Path(source.place)
            if source.in_archive:
                place = fetched.enter_context(fetched_series(source, results.output.parent))
            # Nobody ends it from outside but with its whole process, whose remains the batch removes.
            outcome = run_job(_job(place, source, results, settings), notes, ExitStack())
            model = {"model": outcome.model.label, "model_sha256": outcome.model.sha256}
            return Made({**outcome.facts, **model}, notes.findings, bytes=results.bytes())
        except Exception as error:  # noqa: BLE001 - one volume must not stop the others
            return _failed(error, notes.findings)


def send_back(source: Source, results: Results) -> Made:
    """Sends the derived series of a volume into the study of its source. Never raises, and may be repeated: the
    archive then gets the same instances again."""
    try:
        assert results.dicom is not None  # without it there is nothing to send back
        return Made(sent=send_series(source, results.dicom))
    except Exception as error:  # noqa: BLE001 - one volume must not stop the others
        return _failed(error, [])


def _job(place: Path, source: Source, results: Results, settings: Settings) -> Job:
    return Job(
        source=place,
        output=results.output,
        bicubic=results.bicubic,
        doubt=results.doubt,
        difference=results.difference,
        dicom_out=results.dicom,
        series=source.series or None,
        overwrite=True,
        **handed_on(settings, SynthesisOptions),
    )


def _failed(error: Exception, findings: list[dict[str, str]]) -> Made:
    failure = in_plain_words(error)
    unwell = failure is not error or isinstance(failure, DeviceError)
    suspect = _worker().address if unwell else None
    return Made(findings=findings, failure_code=failure.code, failure=str(failure), suspect=suspect)


def _worker() -> Worker:
    from distributed import get_worker

    return get_worker()


def _still_wanted() -> bool:
    """Whether the batch that asked for this volume still is there and has not been cancelled.

    A thread cannot be ended from outside, so a worker that outlives its batch has to ask.
    """
    worker = _worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is not None and task.state != "cancelled"


class Notes:
    """A reporter that keeps the warnings and notes, and ends the work when nobody waits for it any more."""

    def __init__(self) -> None:
        self.findings: list[dict[str, str]] = []

    def started(self, event: Started) -> None:
        pass

    def warning(self, finding: Finding) -> None:
        self.findings.append({"level": finding.level, "code": finding.code, "message": finding.message})

    def note(self, finding: Finding) -> None:
        self.warning(finding)

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        if not _still_wanted():
            raise Cancelled

    def finished(self, event: Finished) -> None:
        pass

    def failed(self, error: ThinSliceError) -> None:
        pass
