"""Each step of a run by itself: read, check, plan, make, and the outputs that get their names together."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chest_making import write
from derived_series_making import write_hospital_series
from ThinSliceSRLib.engine.errors import Cancelled, CannotWrite, UnusableInput
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.files import writing
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.run.job import Job, run_job
from ThinSliceSRLib.engine.run.making import make_results
from ThinSliceSRLib.engine.run.plan import choose_computing, findings_for, plan_run
from ThinSliceSRLib.engine.run.preview import Preview
from ThinSliceSRLib.engine.run.run_outputs import RunOutputs
from ThinSliceSRLib.engine.run.thick_input import check_thick, read_thick
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume


@pytest.fixture
def job(tmp_path: Path, thick_volume: Volume, tiny_weights: Path) -> Job:
    source = write(tmp_path, thick=thick_volume)["thick"]
    (tmp_path / "out").mkdir()
    return Job(source, tmp_path / "out" / "dls.nrrd", weights=str(tiny_weights), device="cpu")


def everything_of(job: Job) -> Job:
    """The job with every output that it may have without a doubt."""
    out = job.output.parent
    return replace(
        job, bicubic=out / "bis.nii.gz", difference=out / "difference.mha", preview=out / "preview.nhdr"
    )  # fmt: skip


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_read_is_in_hu_and_as_thick_as_it_is_said_to_be(tmp_path: Path, thick_volume: Volume):
    as_unit = replace(thick_volume, hu=((thick_volume.hu + 1024) / 3072).astype(np.float32))
    volume = read_thick(write(tmp_path, unit=as_unit)["unit"], slab_mm=4.0, values="unit")
    assert np.abs(volume.hu - thick_volume.hu).max() <= 1
    assert volume.acquisition.slice_thickness_mm == 4.0


def test_thin_slices_are_refused_unless_they_are_wanted(thick_volume: Volume):
    thin = replace(thick_volume, spacing_mm=(0.8, 0.7, 1.0), acquisition=Acquisition(slice_thickness_mm=1.0))
    with pytest.raises(UnusableInput):
        check_thick(thin)
    assert check_thick(thin, force=True).volume.hu is thin.hu


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_plan_lays_the_slices_along_k_and_results_lie_as_the_input(axis: int, job: Job, thick_volume: Volume):
    order = tuple(np.argsort((*(index for index in range(3) if index != axis), axis)))
    source = thick_volume.permuted(order)
    assert source.through_plane_axis == axis
    plan = plan_run(replace(job, spacing=2.5), source, choose_computing(job))
    assert (plan.axis, plan.spacing_mm, plan.native, plan.native_spacing_mm) == (axis, 2.5, False, 1.0)
    np.testing.assert_array_equal(plan.thick.hu, thick_volume.hu)
    np.testing.assert_array_equal(plan.as_stored(plan.thick).hu, source.hu)
    assert (len(plan.places), len(plan.native_places)) == (23, 56)
    assert (plan.voxels(), plan.voxels(native=True)) == (24 * 30 * 23, 24 * 30 * 56)


def test_a_spacing_that_is_unusual_is_told_once(job: Job, thick_volume: Volume):
    usual = check_thick(thick_volume)
    plan = plan_run(job, usual.volume, choose_computing(job))
    assert findings_for(usual, plan) == usual.findings
    wide = check_thick(
        replace(thick_volume, spacing_mm=(0.8, 0.7, 12.0), acquisition=Acquisition(slice_thickness_mm=12.0))
    )
    codes = [finding.code for finding in findings_for(wide, plan_run(job, wide.volume, choose_computing(job)))]
    assert codes == [finding.code for finding in wide.findings]
    assert "spacing_unusual" in codes


def test_the_volumes_that_a_job_asks_for_are_made_with_their_headers(job: Job, doubting_weights: Path):
    job = replace(everything_of(job), weights=str(doubting_weights), doubt=job.output.parent / "doubt.nrrd")
    thick = check_thick(read_thick(job.source))
    with RunOutputs(job) as outputs:
        outputs.accept(thick.volume)
        plan = plan_run(job, thick.volume, choose_computing(job))
        synthesis, results = make_results(job, plan, SilentReporter(), outputs)
        shown = read_volume(job.preview)
    assert [result.kind for result in results] == ["dls", "bis", "doubt", "difference"]
    made = {result.kind: result.volume for result in results}
    np.testing.assert_array_equal(made["dls"].hu, synthesis.dls.hu)
    np.testing.assert_array_equal(made["difference"].hu, made["dls"].hu - made["bis"].hu)
    assert shown.size == made["dls"].size
    for result in results:
        assert result.header["ThinSliceSR_content"].startswith(("DLS", "BIS", "DOUBT"))
        assert result.header["ThinSliceSR_slab_mm"] == "5"


def test_the_places_of_outputs_are_looked_at_before_the_work_and_as_they_get_their_names(
    job: Job, monkeypatch: pytest.MonkeyPatch
):
    looked: list[str] = []
    look = writing._check_place

    def counted(target: Path, overwrite: bool) -> None:
        looked.append(target.name)
        look(target, overwrite)

    monkeypatch.setattr(writing, "_check_place", counted)
    job = everything_of(job)
    run_job(job, SilentReporter(), ExitStack())
    assert looked == ["dls.nrrd", "bis.nii.gz", "difference.mha"] * 2
    assert names(job.output.parent) == {*looked, "preview.nhdr", "preview.raw"}


class FailsAt(SilentReporter):
    """Ends a run as one of its stages is told."""

    def __init__(self, stage: str, done: int) -> None:
        self._end = (stage, done)

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        if (stage, done) == self._end:
            raise Cancelled


@pytest.mark.parametrize(("stage", "done"), [("synthesize", 1), ("write", 0), ("write", 2), ("write", 4)])
def test_a_run_that_fails_leaves_neither_preview_nor_series_nor_volumes(
    stage: str, done: int, job: Job, tmp_path: Path
):
    write_hospital_series(tmp_path / "scan")
    out = job.output.parent
    job = replace(everything_of(job), source=tmp_path / "scan", bicubic=out / "b.nrrd", difference=out / "c.nrrd")
    job = replace(job, dicom_out=out / "dicom")
    with pytest.raises(Cancelled):
        run_job(job, FailsAt(stage, done), ExitStack())
    assert names(out) == set()


def test_a_preview_is_kept_only_when_the_volumes_have_their_names(job: Job, thick_volume: Volume, monkeypatch: Any):
    job = everything_of(job)
    plan = plan_run(job, thick_volume, choose_computing(job))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    outputs = RunOutputs(job)
    _, results = make_results(job, plan, SilentReporter(), outputs)
    outputs.write_all(results, SilentReporter())
    with pytest.raises(CannotWrite), outputs:
        assert "preview.nhdr" in names(job.output.parent)
    assert names(job.output.parent) == set()


def test_a_preview_that_is_written_while_the_run_is_cancelled_goes_with_it(
    job: Job, thick_volume: Volume, monkeypatch: Any
):
    job = everything_of(job)
    outputs = RunOutputs(job)
    fill = Preview.fill

    def cancelled(preview: Preview, first_look: Volume) -> None:
        outputs.cancel()
        fill(preview, first_look)

    monkeypatch.setattr(Preview, "fill", cancelled)
    with pytest.raises(Cancelled):
        outputs.start_preview(thick_volume, 2, {})
    assert names(job.output.parent) == set()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_preview_that_cannot_be_written_is_told_before_there_are_slices(
    job: Job, thick_volume: Volume, monkeypatch: Any, threads: int
):
    job = everything_of(job)
    plan = plan_run(job, thick_volume, choose_computing(job))

    def refuse(*_: object) -> None:
        raise CannotWrite("no room")

    monkeypatch.setattr(Preview, "fill", refuse)
    monkeypatch.setattr("ThinSliceSRLib.engine.run.making.threads_in_use", lambda: threads)
    with pytest.raises(CannotWrite, match="no room"), RunOutputs(job) as outputs:
        make_results(job, plan, SilentReporter(), outputs)
    assert names(job.output.parent) == set()


def test_a_preview_that_is_begun_while_the_run_is_cancelled_goes_with_it(job: Job, thick_volume: Volume):
    job = everything_of(job)
    outputs = RunOutputs(job)
    outputs.cancel()
    with pytest.raises(Cancelled):
        outputs.start_preview(thick_volume, 2, {})
    assert names(job.output.parent) == set()
