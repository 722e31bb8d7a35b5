"""The batch itself: what is done is skipped, what was interrupted is redone, what fails does not stop the rest.

The manifest alone says what is done. A row is written before its volume is begun, so a result without one is somebody
else's and is not replaced; a row that still waits after a run has died says that its volume is to be done again. What
has failed is tried again by the next run.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import ENGINE_VERSION
from ..errors import CannotWrite, ThinSliceError, UnusableInput, reason_of
from ..events.finding import Finding
from ..events.progress import Reporter
from ..events.told import BatchFinished, BatchStarted, Weights
from ..outputs.left_overs import remove_left_overs
from ..run.sensible_options import require_sensible
from .archive.access import is_archive
from .archive.fetching import thick_series_of
from .manifest.manifest import RECORD_NAME, Manifest
from .manifest.row import Row
from .plan import Planner, Work
from .settings import Settings
from .sole_use import sole_use
from .sources.of_one_study import thickest_of_each_study
from .sources.source import Source
from .sources.volume_files import require_apart, sources_at
from .workers.cluster import MOST_DEATHS, Call, CallFailed, Cluster, WorkersDied
from .workers.existing_cluster import existing_cluster
from .workers.local_cluster import local_cluster
from .workers.volume_work import Engine, Made, engine_here, make_volume, send_back

STAGE = "volumes"
LAST_MOMENT_S = 5
# Far longer than it takes to fetch or write a volume.
UNCHANGED_S = 24 * 3600
DIED = Made(
    failure_code="worker_died",
    failure=f"{MOST_DEATHS} workers ended over it, perhaps for want of memory; use fewer workers.",
)


@dataclass(frozen=True)
class Batch:
    """source: a folder, a volume file, a list of paths, or the address of an archive. The others as the options."""

    source: str
    destination: Path
    settings: Settings
    scheduler: str | None = None
    workers: int | None = None
    study_dates: str | None = None
    modality: str = "CT"
    least_thickness_mm: float | None = None
    sends_back: bool = False
    afresh: bool = False
    all_series: bool = False


@dataclass(frozen=True)
class Summary:
    """How many volumes there are, how many of them were done before, and where the manifest lies.

    with_warnings: how many of the volumes have some. warnings: how many volumes have the one of this code."""

    volumes: int
    skipped: int
    manifest: Path
    with_warnings: int = 0
    warnings: Mapping[str, int] = field(default_factory=dict)

    def sentence(self) -> str:
        """What to tell of the batch at its end."""
        done = "1 volume is done" if self.volumes == 1 else f"{self.volumes} volumes are done"
        before = f", {self.skipped} of them were before"
        if self.volumes == 1:
            before = ", as it was before" if self.skipped else ""
        kinds = ", ".join(f"{count} {code}" for code, count in sorted(self.warnings.items()))
        warned = f", {self.with_warnings} with warnings ({kinds})" if self.with_warnings else ""
        return f"{done}{before}{warned}; {self.manifest} tells of each."


def run_batch(batch: Batch, reporter: Reporter, undo: ExitStack) -> Summary:
    """Does all volumes of the source. What must be undone if the run is ended from outside is put on `undo`.

    Raises ThinSliceError when the batch cannot begin or go on, and, after all volumes, when some have failed
    (`volumes_failed`); what is done by then stands.
    """
    require_sensible(batch.settings)
    folder = batch.destination
    if not is_archive(batch.source):
        require_apart(Path(batch.source), folder)
    ended = threading.Event()
    # In the reverse order: the cluster ends (see there), then this thread, then what they left is removed.
    undo.callback(_write_tables, folder)
    undo.callback(remove_left_overs, folder)
    undo.callback(ended.wait, LAST_MOMENT_S)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with sole_use(folder):
            remove_left_overs(folder, UNCHANGED_S)
            with Manifest(folder) as manifest:
                sources, in_archive = _sources(batch)
                _require_work(batch, sources, manifest)
                with _cluster(batch, reporter, undo) as cluster:
                    summary = _run(batch, sources, in_archive, manifest, cluster, reporter)
            remove_left_overs(folder)
            return summary
    except OSError as error:
        raise CannotWrite(f"The folder {folder} cannot be used ({reason_of(error)}); choose another.") from error
    finally:
        ended.set()


def _write_tables(folder: Path) -> None:
    """Of a batch that is ended from outside; what it had no time to tell, --manifest and the next call tell."""
    if (folder / RECORD_NAME).is_file():
        with suppress(ThinSliceError), Manifest(folder) as manifest:
            manifest.write_tables()


def _sources(batch: Batch) -> tuple[list[Source], set[str]]:
    """The volumes to be done, with those that are left out, and the UIDs of all series that the archive told of."""
    if is_archive(batch.source):
        sources, seen = thick_series_of(batch.source, batch.study_dates, batch.modality, batch.least_thickness_mm)
    else:
        sources, seen = sources_at(Path(batch.source), batch.destination, batch.least_thickness_mm), set()
    return sources if batch.all_series else thickest_of_each_study(sources), seen


def _require_work(batch: Batch, sources: list[Source], manifest: Manifest) -> None:
    """Returns when there is a volume to be done; else the manifest tells why each that is there is left out, and
    UnusableInput (`nothing_to_do`) is raised."""
    if not all(source.left_out for source in sources):
        return
    works = Planner(batch.destination, batch.settings, "", False, (), False).plan(sources, manifest)
    manifest.put(work.row for work in works)
    archive = is_archive(batch.source)
    none = "The archive holds no such" if archive else f"{batch.source} holds no volume file and no"
    advice = "check --study-date, --modality and --least-thickness"
    others = f": {len(sources)} other series lie there ({sources[0].left_out.rstrip('.')})" if sources else ""
    told = f"{manifest.path} tells of each" if sources else advice
    raise UnusableInput(f"{none} series of thick chest CT{others}; {told}.", "nothing_to_do")


def _cluster(batch: Batch, reporter: Reporter, undo: ExitStack) -> AbstractContextManager[Cluster]:
    if batch.scheduler:
        told = (
            "The cluster has had no worker for a minute; waiting for one. What is done is skipped if you run it again."
        )
        return existing_cluster(batch.scheduler, undo, lambda: reporter.warning(Finding("warning", "no_workers", told)))
    return local_cluster(batch.settings.device, batch.workers, undo)


def _run(
    batch: Batch, sources: list[Source], in_archive: set[str], manifest: Manifest, cluster: Cluster, reporter: Reporter
) -> Summary:
    if not cluster.workers:
        reporter.warning(Finding("warning", "no_workers", "The cluster has no workers yet; waiting for one."))
    engine = _engine(batch.settings, cluster)
    options = batch.settings.described(engine.model_sha256)
    planner = Planner(batch.destination, batch.settings, options, batch.sends_back, in_archive, batch.afresh)
    works = {work.source.key: work for work in planner.plan(sources, manifest)}
    manifest.put(work.row for work in works.values())
    states = Counter(work.row.state for work in works.values())
    volumes = len(works) - states["left_out"]
    reporter.started(
        BatchStarted(
            volumes=volumes,
            skipped=states["done"],
            left_out=states["left_out"],
            workers=len(cluster.workers),
            dashboard=cluster.dashboard,
            device=engine.device,
            precision=engine.precision,
            weights=Weights(engine.model, engine.model_sha256),
            engine_version=ENGINE_VERSION,
            manifest=str(manifest.path),
        )
    )
    for work in works.values():
        _tell_failure(work.row, reporter)
    began = time.monotonic()
    finished, wanted = 0, states["waiting"] + states["made"]
    reporter.progress(STAGE, finished, wanted)
    calls = deque(_call(work, batch) for work in works.values() if work.row.state in ("waiting", "made"))
    for call, made in cluster.completed(calls):
        if isinstance(made, WorkersDied):
            made = DIED
        elif isinstance(made, CallFailed):
            made = Made(failure_code=made.error.code, failure=str(made.error))
        if made.suspect:
            cluster.restart(made.suspect)
        work = works[call.key]
        row = _row_after(work, made, batch)
        manifest.put([row])
        works[call.key] = replace(work, row=row)
        if row.state == "made" and not row.failure:
            calls.appendleft(_call(works[call.key], batch))
            continue
        _tell_findings(row, reporter)
        _tell_failure(row, reporter)
        finished += 1
        reporter.progress(STAGE, finished, wanted)
    failed = sum(work.row.state not in ("done", "left_out") for work in works.values())
    if failed:
        raise UnusableInput(
            f"{failed} of {volumes} {'volume' if volumes == 1 else 'volumes'} failed; {manifest.path} says why, and "
            "the next call tries again.",
            "volumes_failed",
        )
    warned = [{finding["code"] for finding in row_warnings(work.row)} for work in works.values()]
    kinds = Counter(code for codes in warned for code in codes)
    summary = Summary(volumes, states["done"], manifest.path, sum(map(bool, warned)), kinds)
    reporter.finished(
        BatchFinished(
            seconds=round(time.monotonic() - began, 1),
            volumes=summary.volumes,
            skipped=summary.skipped,
            with_warnings=summary.with_warnings,
            warnings=dict(summary.warnings),
            manifest=str(manifest.path),
        )
    )
    return summary


def _engine(settings: Settings, cluster: Cluster) -> Engine:
    """What the workers compute with, by the word of one of them. Raises what keeps it from computing."""
    engine = cluster.call(engine_here, settings)
    if engine.version != ENGINE_VERSION:
        raise UnusableInput(
            f"The workers run version {engine.version} of thinslicesr, not {ENGINE_VERSION}; install the same.",
            "no_engine",
        )
    if engine.failure:
        raise engine.failure
    return engine


def _call(work: Work, batch: Batch) -> Call:
    """What is next to be done of a volume."""
    if work.row.state == "made":
        return Call(work.source.key, send_back, (work.source, work.results))
    return Call(work.source.key, make_volume, (work.source, work.results, batch.settings))


def _row_after(work: Work, made: Made, batch: Batch) -> Row:
    """The row of a volume after a call. What was made stays so when it could not be sent: it is sent the next time."""
    if made.failure:
        state = "made" if work.row.state == "made" else "failed"
        return replace(work.row, state=state, failure_code=made.failure_code, failure=made.failure)
    if work.row.state == "made":
        return replace(work.row, state="done", sent=made.sent)
    results, facts = work.results, made.facts
    return replace(
        work.row,
        state="made" if batch.sends_back else "done",
        output=results.output.name,
        bicubic=results.bicubic.name if results.bicubic else "",
        doubt=results.doubt.name if results.doubt else "",
        difference=results.difference.name if results.difference else "",
        dicom=results.dicom.name if results.dicom else "",
        findings=made.findings,
        seconds=facts["seconds"],
        slab_error_mean_hu=facts["slab_error_hu"]["mean"],
        slab_error_p99_hu=facts["slab_error_hu"]["p99"],
        model=facts["model"],
        model_sha256=facts["model_sha256"],
        device=facts["device"],
        precision=facts["precision"],
        bytes=made.bytes,
    )


def row_warnings(row: Row) -> list[dict[str, str]]:
    """The warnings of a volume that is done; notes are none."""
    if row.state not in ("made", "done"):
        return []
    return [finding for finding in row.findings if finding.get("level", "warning") == "warning"]


def _tell_findings(row: Row, reporter: Reporter) -> None:
    for finding in row_warnings(row):
        reporter.warning(Finding("warning", finding["code"], f"{row.name}: {finding.get('message', '')}"))


def _tell_failure(row: Row, reporter: Reporter) -> None:
    if row.failure and row.state != "left_out":
        reporter.warning(Finding("warning", row.failure_code, f"{_told_name(row)}: {row.failure}"))


def _told_name(row: Row) -> str:
    """The name of a volume and, where that says nothing of its path, where to find it: paths of folders and ZIP files
    are often called after patients, so the manifest alone tells them."""
    return row.name if row.name in row.input else f"{row.name} (manifest.csv says where it lies)"
