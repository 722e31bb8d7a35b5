"""The main job, from file to files: a thick volume in, its DLS volume and, if wanted, its BIS volume out."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import ENGINE_VERSION
from .dicom_out.derivation import derivation_of
from .dicom_out.pending_series import DicomOutput, PendingSeries
from .difference import difference_header, difference_of
from .errors import Cancelled
from .preview import Preview, check_preview_target, remove_dead_previews
from .progress import Reporter
from .provenance import bis_header, dls_header, on_or_off, preview_header, thick_slices_entries
from .synthesis.device import Device, choose_device, compute_with_threads
from .synthesis.memory_ladder import rungs_from
from .synthesis.resampling import interpolate, places_at, resample_slices
from .synthesis.synthesize import CubeDone, Synthesis, plan_for, synthesize
from .synthesis.thin_spacing import AUTO, require_spacing, thin_spacing_mm
from .synthesis.tiling import OVERLAPPED, CubePlan, Tiling
from .volumes.findings import Finding, fit_volume
from .volumes.reading import opened_input, read_volume
from .volumes.room import packed_bytes, require_room
from .volumes.slab_profile import slab_profile_of
from .volumes.slice_thickness import require_millimetres, thickness_told_by, with_thickness
from .volumes.value_scale import in_hu, require_scale
from .volumes.volume import Acquisition, Volume
from .volumes.writing import PendingOutputs, check_targets
from .weights.model_choice import choose_model
from .weights.trained_for import untrained_for
from .weights.weights_file import Model


@dataclass(frozen=True)
class Job:
    """What is to be made of which input, and how.

    slab_mm: how thick the slices are, whatever the input says; None takes its word. values: on which scale its values
    are, see `in_hu`. force: slices may be thin already.
    difference: what the network added, see `difference_of`.
    spacing: of the thin slices, see `thin_spacing_mm`. dicom_out: the same volumes once more, as DICOM series.
    slab_consistent: see `SlabConsistency`. first_at_mm: distance from the first slice.
    """

    source: Path
    output: Path
    bicubic: Path | None = None
    difference: Path | None = None
    dicom_out: DicomOutput | None = None
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


@dataclass(frozen=True)
class Outcome:
    """What a job made: the volumes as they were written, and what the last event tells."""

    thick: Volume
    dls: Volume
    bis: Volume | None
    model: Model
    facts: dict[str, Any]


def run_job(job: Job, reporter: Reporter, undo: ExitStack) -> Outcome:
    """Does the job. What must be removed if the run is ended from outside is put on `undo` before it is made.

    Raises ThinSliceError with one plain sentence; then no output is there under its name.
    """
    began = time.monotonic()
    require_millimetres("--slab-mm", job.slab_mm)
    require_spacing(job.spacing)
    require_scale(job.values)
    compute_with_threads(job.threads)
    targets = [job.output, *([job.bicubic] if job.bicubic else [])]
    steps = len(targets) * (2 if job.dicom_out else 1) + bool(job.difference)
    targets += [job.difference] if job.difference else []
    check_targets(targets, job.overwrite, source=job.source)
    remove_dead_previews(target.parent for target in targets)
    if job.preview:
        check_preview_target(job.preview)
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
    facts = _start_facts(thick, axis, len(places), spacing_mm, model, device, plan)
    require_room(_needs(job, math.prod(facts["output"]["size"]), math.prod(facts["synthesis"]["size"])))
    facts["slab_consistency"] = on_or_off(job.slab_consistent)
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
            first_at_mm=job.first_at_mm,
            on_cube=lambda cube: _tell(cube, reporter, preview),
            on_memory_step=reporter.warning,
        )
        dls = result.dls if native else resample_slices(result.dls, spacing_mm)
        with PendingOutputs(job.overwrite, job.compressed, series) as outputs:
            undo.callback(outputs.cancel)
            dls = dls.permuted(stored_order)
            made_of = thick_slices_entries(thick, job.spacing, spacing_mm)
            results = [(dls, job.output, dls_header(model, result, job.slab_consistent, tilt) | made_of)]
            bis = bis.permuted(stored_order) if bis else None
            if bis and job.bicubic:
                results.append((bis, job.bicubic, bis_header(tilt) | made_of))
            further = []  # which are no CT, and so no DICOM series
            if bis and job.difference:
                further.append((difference_of(dls, bis), job.difference, difference_header(model) | made_of))
            for step, (volume, target, header) in enumerate([*results, *further]):
                reporter.progress("write", step, steps)
                outputs.write(volume, target, header)
            if series:
                for step, (volume, _, header) in enumerate(results, start=len(results) + len(further)):
                    reporter.progress("write", step, steps)
                    series.write(volume, derivation_of(header))
        if preview:
            preview.keep()
    facts = _finish_facts(job, result, time.monotonic() - began)
    with suppress(Cancelled):  # the outputs stand: it is too late to cancel, even if nobody listens any more
        reporter.progress("write", steps, steps)
        reporter.finished(facts)
    return Outcome(source, dls, bis if job.bicubic else None, model, facts)


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
    targets = [job.output, *([job.bicubic] if job.bicubic else [])]
    needs = [(target.parent, packed_bytes(voxels, job.compressed)) for target in targets]
    if job.preview:
        needs.append((job.preview.parent, packed_bytes(preview_voxels, compressed=False)))
    if job.dicom_out:
        size = packed_bytes(voxels, job.dicom_out.compression != "none")
        needs += [(job.dicom_out.folder, size) for _ in targets]
    if job.difference:
        needs.append((job.difference.parent, packed_bytes(voxels, job.compressed)))
    return needs


def _tell(cube: CubeDone, reporter: Reporter, preview: Preview | None) -> None:
    slices = None
    if cube.hu is not None:
        slices = (cube.first_slice, cube.first_slice + len(cube.hu) - 1)
        if preview:
            preview.show(cube.first_slice, cube.hu)
    reporter.progress("synthesize", cube.done, cube.total, slices)


def _start_facts(
    thick: Volume, axis: int, slices: int, spacing_mm: float, model: Model, device: Device, plan: CubePlan
) -> dict[str, Any]:
    """thick: its slices lie along k; sizes are told as they are stored, with the slices along `axis` (of i, j, k).

    slices, spacing_mm: of the result. The series of a DICOM input is told too, as one of several may have been taken.
    """
    native_slices = model.configuration.ratio * (len(thick.hu) - 1) + 1
    native_spacing = thick.spacing_mm[2] / model.configuration.ratio

    def grid(slices: int, spacing_mm: float) -> dict[str, Any]:
        size, spacing = list(thick.size[:2]), list(thick.spacing_mm[:2])
        size.insert(axis, slices)
        spacing.insert(axis, spacing_mm)
        return {"size": size, "spacing_mm": spacing}

    slab = slab_profile_of(thick)
    told = {
        "thickness_mm": slab.thickness_mm,
        "spacing_mm": slab.spacing_mm,
        "told_by": thickness_told_by(thick),
        "values": thick.acquisition.values or "as stored",
    }
    return {
        "slice_axis": axis,
        "input": {**grid(len(thick.hu), thick.spacing_mm[2]), "slab": told, **_series_facts(thick.acquisition)},
        "output": grid(slices, spacing_mm),
        # The grid of the preview and of the slices that are told as they are finished.
        "synthesis": grid(native_slices, native_spacing),
        "device": device.label,
        "precision": device.precision,
        "weights": {"name": model.label, "sha256": model.sha256},
        "engine_version": ENGINE_VERSION,
        "cubes": plan.cubes,
        "air": plan.air,
    }


def _series_facts(acquisition: Acquisition) -> dict[str, Any]:
    if acquisition.series_uid is None:
        return {}
    return {"series": {"uid": acquisition.series_uid, "description": acquisition.series_description}}


def _finish_facts(job: Job, result: Synthesis, seconds: float) -> dict[str, Any]:
    outputs = {"dls": str(job.output), **({"bis": str(job.bicubic)} if job.bicubic else {})}
    if job.difference:
        outputs["difference"] = str(job.difference)
    if job.dicom_out:
        outputs["dicom"] = str(job.dicom_out.folder)
    error = result.slab_error
    return {
        "seconds": round(seconds, 1),
        "outputs": outputs,
        "device": result.device,
        "precision": result.precision,
        "slab_bell_share": round(result.profile.bell, 2),
        "slab_error_hu": {"mean": round(error.mean, 3), "p99": round(error.p99, 3)},
    }
