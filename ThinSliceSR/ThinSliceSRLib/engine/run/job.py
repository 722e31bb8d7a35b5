"""The main job, from file to files: a thick volume in; its DLS volume and, if wanted, BIS volume and doubt out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..devices.threads import compute_with_threads
from ..errors import Cancelled
from ..events.json_lines import facts_of
from ..events.progress import Reporter
from ..events.told import SynthesisFinished
from ..files.reading import opened_input
from ..outputs.disk_space import require_room
from ..volumes.volume import Volume
from .options import RunOptions
from .run_outputs import RunOutputs
from .sensible_options import require_sensible
from .thick_input import check_thick, read_thick

# What imports PyTorch is imported once the input is read: meanwhile a thread may load it, see `torch_loading`.
if TYPE_CHECKING:
    from ..doubt.structures import Structure
    from ..weights.weights_file import Model


@dataclass(frozen=True)
class Job(RunOptions):
    """What is to be made of which input, and how.

    output: of the DLS volume. dicom_out: the folder where all but the difference lie once more, as DICOM.
    doubt: where to write the expected error of the DLS volume, of models that tell it. difference: where to write what
    the network added, see `difference_of`. least_doubt_hu: of `find_structures`, if the places are wanted to which it
    leads; they need `bicubic` and `doubt`, with `dicom_out` become a report, and with `places` a list: where to write
    it, as .json or .csv.
    """

    source: Path
    output: Path
    bicubic: Path | None = None
    dicom_out: Path | None = None
    doubt: Path | None = None
    difference: Path | None = None
    preview: Path | None = None
    least_doubt_hu: float | None = None
    places: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class RunResult:
    """What a job made: the volumes as they were written, the places if they were wanted, and the last event."""

    thick: Volume
    dls: Volume
    bis: Volume | None
    doubt: Volume | None
    model: Model
    finished: SynthesisFinished
    places: list[Structure] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What the last event tells, as JSON has it."""
        return facts_of(self.finished)


def run_job(job: Job, reporter: Reporter, undo: ExitStack) -> RunResult:
    """Does the job, as `make_volumes`, and tells that it is finished."""
    outcome = make_volumes(job, reporter, undo)
    with suppress(Cancelled):  # the outputs stand: it is too late to cancel, even if nobody listens any more
        reporter.finished(outcome.finished)
    return outcome


def make_volumes(job: Job, reporter: Reporter, undo: ExitStack) -> RunResult:
    """Makes and writes the volumes, in five steps: read, check, plan, make, give the results their names.

    What must be removed if the run is ended from outside is put on `undo` before it is made.
    Raises ThinSliceError with one plain sentence; then no output is there under its name.
    """
    began = time.monotonic()
    require_sensible(job)
    with RunOutputs(job) as outputs:
        undo.callback(outputs.cancel)
        with _stage(reporter, "read"), opened_input(job.source, undo) as place:
            thick = check_thick(read_thick(place, job.series, job.slab_mm, job.values), job.force)
            outputs.accept(thick.volume)
        with _stage(reporter, "model"):
            from .job_facts import finish_facts, start_facts
            from .making import make_results
            from .plan import choose_computing, findings_for, plan_run

            compute_with_threads(job.threads)
            computing = choose_computing(job)
        plan = plan_run(job, thick.volume, computing)
        require_room(outputs.needs(plan))
        reporter.started(start_facts(plan, job))
        for finding in findings_for(thick, plan):
            (reporter.note if finding.level == "note" else reporter.warning)(finding)
        synthesis, results = make_results(job, plan, reporter, outputs)
        made = {result.kind: result.volume for result in results}
        places = None
        if job.least_doubt_hu is not None:
            from ..doubt.structures import find_structures

            reporter.progress("places", 0, 1)
            places = find_structures(made["dls"], made["bis"], made["doubt"], least_doubt_hu=job.least_doubt_hu)
        outputs.write_all(results, reporter, places or ())
    finished = finish_facts(outputs.places, synthesis, time.monotonic() - began)
    with suppress(Cancelled):  # the outputs stand: it is too late to cancel, even if nobody listens any more
        reporter.progress("write", outputs.steps, outputs.steps)
    volumes = made["dls"], made.get("bis"), made.get("doubt")
    return RunResult(thick.volume, *volumes, computing.model, finished, places)


@contextmanager
def _stage(reporter: Reporter, name: str) -> Iterator[None]:
    """Tells of a stage that is one piece of work as it begins, and as it has ended well."""
    reporter.progress(name, 0, 1)
    yield
    reporter.progress(name, 1, 1)
