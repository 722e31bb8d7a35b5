"""The main job, from file to files: a thick volume in; its DLS volume and, if wanted, BIS volume and doubt out."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..devices.device import choose_device, compute_with_threads
from ..dicom_out.derivation import derivation_of
from ..dicom_out.parametric_map import require_highdicom
from ..dicom_out.pending_series import DicomOutput, PendingSeries
from ..doubt.expected_error import expected_error, require_calibration
from ..errors import Cancelled
from ..events.finding import Finding
from ..events.progress import Reporter
from ..files.reading import opened_input, read_volume
from ..files.writing import PendingOutputs, check_targets
from ..findings.checked_input import fit_volume
from ..outputs.disk_space import packed_bytes, require_room
from ..provenance import bis_header, dls_header, doubt_header, on_or_off, preview_header, thick_slices_entries
from ..synthesis.memory_ladder import rungs_from
from ..synthesis.resampling import interpolate, places_at, resample_slices
from ..synthesis.synthesize import CubeDone, Quality, plan_for, synthesize
from ..synthesis.thin_spacing import AUTO, require_spacing, thin_spacing_mm
from ..synthesis.tiling import OVERLAPPED, Tiling
from ..volumes.slice_thickness import require_millimetres, with_thickness
from ..volumes.value_scale import in_hu, require_scale
from ..volumes.volume import Volume
from ..weights.model_choice import choose_model
from ..weights.trained_for import untrained_for
from ..weights.weights_file import Model
from .difference import difference_header, difference_of
from .job_facts import finish_facts, start_facts
from .preview import Preview, check_preview_target, remove_dead_previews


@dataclass(frozen=True)
class Job:
    """What is to be made of which input, and how.

    slab_mm: how thick the slices are, whatever the input says; None takes its word. values: on which scale its values
    are, see `in_hu`. force: slices may be thin already.
    spacing: of the thin slices, see `thin_spacing_mm`. dicom_out: all but the difference once more, as DICOM.
    doubt: where to write the expected error of the DLS volume, of models that tell it. difference: where to write what
    the network added, see `difference_of`.
    slab_consistent: see `SlabConsistency`. quality: see `synthesize`. first_at_mm: distance from the first slice.
    """

    source: Path
    output: Path
    bicubic: Path | None = None
    dicom_out: DicomOutput | None = None
    doubt: Path | None = None
    difference: Path | None = None
    series: str | None = None
    slab_mm: float | None = None
    values: str | None = None
    force: bool = False
    weights: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: str | int = "auto"
    spacing: str | float = AUTO
    first_at_mm: float = 0.0
    preview: Path | None = None
    overwrite: bool = False
    compressed: bool = True
    tiling: Tiling = OVERLAPPED
    skip_air: bool = True
    slab_consistent: bool = True
    quality: Quality = "standard"


@dataclass(frozen=True)
class Outcome:
    """What a job made: the volumes as they were written, and what the last event tells."""

    thick: Volume
    dls: Volume
    bis: Volume | None
    doubt: Volume | None
    model: Model
    facts: dict[str, Any]


def run_job(job: Job, reporter: Reporter, undo: ExitStack) -> Outcome:
    """Does the job, as `make_volumes`, and tells that it is finished."""
    outcome = make_volumes(job, reporter, undo)
    with suppress(Cancelled):  # the outputs stand: it is too late to cancel, even if nobody listens any more
        reporter.finished(outcome.facts)
    return outcome


def make_volumes(job: Job, reporter: Reporter, undo: ExitStack) -> Outcome:
    """Makes and writes the volumes.

    What must be removed if the run is ended from outside is put on `undo` before it is made.
    Raises ThinSliceError with one plain sentence; then no output is there under its name.
    """
    began = time.monotonic()
    require_millimetres("--slab-mm", job.slab_mm)
    require_spacing(job.spacing)
    require_scale(job.values)
    compute_with_threads(job.threads)
    wanted = {"dls": job.output, "bis": job.bicubic, "doubt": job.doubt, "difference": job.difference}
    named = {kind: path for kind, path in wanted.items() if path}
    targets = list(named.values())
    check_targets(targets, job.overwrite, source=job.source)
    remove_dead_previews(target.parent for target in targets)
    if job.preview:
        check_preview_target(job.preview)
    if job.dicom_out and job.doubt:
        require_highdicom()
    series = None
    reporter.progress("read", 0, 1)
    with opened_input(job.source, undo) as place:
        source, findings = read_fit_volume(place, job.series, job.slab_mm, job.force, job.values)
        check_targets(targets, job.overwrite, grid=source, source=job.source)
        if job.dicom_out:
            series = PendingSeries(job.dicom_out, source, job.overwrite, apart_from=(job.source, *targets))
            undo.callback(series.discard)
    reporter.progress("read", 1, 1)
    reporter.progress("model", 0, 1)
    device = choose_device(job.device, job.precision)
    model = choose_model(job.weights, device.is_gpu)
    calibration = require_calibration(model) if job.doubt else None
    reporter.progress("model", 1, 1)

    tilt = source.acquisition.tilt_degrees
    axis = source.through_plane_axis
    axes = (*(index for index in range(3) if index != axis), axis)
    stored_order = tuple(int(index) for index in np.argsort(axes))
    thick = source.permuted(axes)
    ratio = model.configuration.ratio
    native_places = np.arange(ratio * (len(thick.hu) - 1) + 1) / ratio
    spacing_mm = thin_spacing_mm(job.spacing, thick.spacing_mm[2], ratio)
    native = spacing_mm == thick.spacing_mm[2] / ratio
    places = native_places if native else places_at(spacing_mm, thick)
    plan = plan_for(thick, model, job.tiling, job.skip_air)
    facts = start_facts(thick, axis, len(places), spacing_mm, model, device, plan)
    require_room(_needs(job, math.prod(facts["output"]["size"]), math.prod(facts["synthesis"]["size"])))
    facts["slab_consistency"] = on_or_off(job.slab_consistent)
    facts["quality"] = job.quality
    reporter.started(facts)
    if not any(finding.code == "spacing_unusual" for finding in findings):  # which says the same of every model
        findings += untrained_for(model, thick)
    for finding in findings:
        (reporter.note if finding.level == "note" else reporter.warning)(finding)

    if job.bicubic or job.difference or job.preview:
        reporter.progress("interpolate", 0, 1)
    bis = interpolate(thick, places) if job.bicubic or job.difference else None
    with ExitStack() as on_failure:
        preview = None
        if job.preview:
            first_look = bis if bis and native else interpolate(thick, native_places)
            preview = Preview(job.preview, axis)
            undo.callback(preview.discard)
            on_failure.callback(preview.discard)
            preview.start(first_look.permuted(stored_order), preview_header(model))
            del first_look
        reporter.progress("synthesize", 0, facts["cubes"])
        result = synthesize(
            thick,
            model,
            rungs_from(device, job.precision, model.configuration, job.tiling),
            plan,
            slab_consistent=job.slab_consistent,
            quality=job.quality,
            doubt=calibration is not None,
            first_at_mm=job.first_at_mm,
            on_cube=lambda cube: _tell(cube, reporter, preview),
            on_memory_step=reporter.warning,
        )
        dls = result.dls if native else resample_slices(result.dls, spacing_mm)
        with PendingOutputs(job.overwrite, job.compressed, series) as outputs:
            undo.callback(outputs.cancel)
            made_of = thick_slices_entries(thick, job.spacing, spacing_mm)
            doubt, doubt_entries = None, {}
            if result.doubt and calibration:
                for_slabs = calibration.for_spacing(thick.spacing_mm[2])
                doubt = expected_error(result.doubt, dls, for_slabs).permuted(stored_order)
                doubt_entries = doubt_header(model, for_slabs, tilt)
            dls = dls.permuted(stored_order)
            results = [(dls, job.output, dls_header(model, result, job.slab_consistent, tilt) | made_of)]
            bis = bis.permuted(stored_order) if bis else None
            if bis and job.bicubic:
                results.append((bis, job.bicubic, bis_header(tilt) | made_of))
            if doubt and job.doubt:
                results.append((doubt, job.doubt, doubt_entries | made_of))
            in_dicom = list(results) if series else []
            if bis and job.difference:
                results.append((difference_of(dls, bis), job.difference, difference_header(model) | made_of))
            steps = len(results) + len(in_dicom)
            for step, (volume, target, header) in enumerate(results):
                reporter.progress("write", step, steps)
                outputs.write(volume, target, header)
            if series:
                for step, (volume, _, header) in enumerate(in_dicom, start=len(results)):
                    reporter.progress("write", step, steps)
                    series.write(volume, derivation_of(header))
        if preview:
            preview.keep()
    written = {kind: str(path) for kind, path in named.items()}
    if job.dicom_out:
        written["dicom"] = str(job.dicom_out.folder)
    facts = finish_facts(written, result, time.monotonic() - began)
    with suppress(Cancelled):  # the outputs stand: it is too late to cancel, even if nobody listens any more
        reporter.progress("write", steps, steps)
    return Outcome(source, dls, bis if job.bicubic else None, doubt, model, facts)


def read_fit_volume(
    source: Path,
    series: str | None,
    slab_mm: float | None = None,
    force: bool = False,
    values: str | None = None,
) -> tuple[Volume, list[Finding]]:
    """The volume of a file or folder, and its warnings and notes. slab_mm, force, values: see `Job`.

    Raises UnusableInput with the first of its errors.
    """
    return fit_volume(with_thickness(in_hu(read_volume(source, series), values), slab_mm), may_be_thin=force)


def _needs(job: Job, voxels: int, preview_voxels: int) -> list[tuple[Path, int]]:
    """The folders into which the job writes, and how many bytes at least."""
    targets = [target for target in (job.output, job.bicubic) if target]
    volumes = [*targets, job.doubt, job.difference]
    needs = [(volume.parent, packed_bytes(voxels, job.compressed)) for volume in volumes if volume]
    if job.preview:
        needs.append((job.preview.parent, packed_bytes(preview_voxels, compressed=False)))
    if job.dicom_out:
        size = packed_bytes(voxels, job.dicom_out.compression != "none")
        needs += [(job.dicom_out.folder, size) for _ in targets]
        if job.doubt:  # a Parametric Map, of 4 bytes a voxel
            needs.append((job.dicom_out.folder, 2 * packed_bytes(voxels, compressed=False)))
    return needs


def _tell(cube: CubeDone, reporter: Reporter, preview: Preview | None) -> None:
    slices = None
    if cube.hu is not None:
        slices = (cube.first_slice, cube.first_slice + len(cube.hu) - 1)
        if preview:
            preview.show(cube.first_slice, cube.hu)
    reporter.progress("synthesize", cube.done, cube.total, slices)
