"""The doubt as a file: beside the DLS volume, calibrated, and only of models that have it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from chest_making import chest
from command_line_runs import names, thinslicesr, write_thick
from models import CALIBRATION
from ThinSliceSRLib.engine.batch.manifest.manifest import RECORD_NAME, Manifest
from ThinSliceSRLib.engine.batch.manifest.row import Row
from ThinSliceSRLib.engine.batch.settings import Settings, result_paths
from ThinSliceSRLib.engine.batch.workers.volume_work import engine_here
from ThinSliceSRLib.engine.calibration.calibration import ELSEWHERE
from ThinSliceSRLib.engine.calibration.curve import Curve
from ThinSliceSRLib.engine.calibration.places import OverlapFactors, PlaceFactors
from ThinSliceSRLib.engine.commands.weights import describe_file
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.doubt.expected_error import expected_error, require_calibration
from ThinSliceSRLib.engine.doubt.seen_tissues import seen_tissues
from ThinSliceSRLib.engine.errors import CannotWrite, WeightsError
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.run.job import Job, run_job
from ThinSliceSRLib.engine.synthesis.memory_ladder import Rung
from ThinSliceSRLib.engine.synthesis.resampling import places_at, resample_slices
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume
from ThinSliceSRLib.engine.weights.inventory import weights_files
from ThinSliceSRLib.engine.weights.weights_file import load_model, with_calibration


@pytest.fixture
def thick_file(tmp_path: Path) -> Path:
    write_thick(tmp_path / "thick.nrrd")
    return tmp_path / "thick.nrrd"


def run(job: Job) -> dict:
    with ExitStack() as undo:
        facts = run_job(job, SilentReporter(), undo).facts
        undo.pop_all()
    return facts


def test_the_doubt_lies_on_the_grid_of_the_dls_volume_and_says_what_it_is(
    tmp_path: Path, thick_file: Path, doubting_weights: Path
):
    dls, doubt = tmp_path / "dls.nrrd", tmp_path / "doubt.nrrd"
    done = thinslicesr(
        "synthesize", thick_file, dls, "--doubt", doubt, "--weights", doubting_weights, "--progress", "json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["outputs"] == {"dls": str(dls), "doubt": str(doubt)}
    one, other = (sitk.ReadImage(str(path)) for path in (dls, doubt))
    for fact in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection", "GetPixelID"):
        assert getattr(one, fact)() == getattr(other, fact)()
    entries = {key: other.GetMetaData(f"ThinSliceSR_{key}") for key in ("content", "unit", "synthetic", "model")}
    assert entries["content"].startswith("DOUBT: ")
    assert "low doubt is no proof" in entries["content"]
    assert (entries["unit"], entries["synthetic"], entries["model"]) == ("HU", "yes", "doubting (untrained)")
    assert other.GetMetaData("ThinSliceSR_model_sha256") == load_model(doubting_weights).sha256
    assert other.GetMetaData("ThinSliceSR_doubt_expected_hu") == "2.0 60.0 2000.0"
    assert other.GetMetaData("ThinSliceSR_doubt_reach_95_hu") == "5.0 150.0 5000.0"
    assert all(other.HasMetaDataKey(f"ThinSliceSR_doubt_reach_{share}_hu") for share in (50, 80, 90))
    assert other.GetMetaData("ThinSliceSR_spacing_mm") == "1"


@pytest.fixture
def weights_by_place(tmp_path: Path, doubting_weights: Path) -> Path:
    """As `doubting_weights`, but errors differ by place: half as large as expected by all else at the centres of slices
    side by side, and twice in the middle between; of slices twice as thick as they are apart, the other way round."""
    weights = Path(shutil.copy(doubting_weights, tmp_path / "by_place.safetensors"))
    slabs = replace(CALIBRATION.slabs[0], by_place=PlaceFactors((0.0, 0.5), (0.5, 2.0)))
    overlapping = OverlapFactors((2.0,), (PlaceFactors((0.0, 0.5), (2.0, 0.5)),))
    with_calibration(weights, replace(CALIBRATION, slabs=(slabs,), by_overlap=overlapping))
    return weights


@pytest.mark.parametrize(("spacing", "overlap"), [("native", 1.0), (0.7, 1.0), ("native", 2.0)])
def test_it_is_the_calibrated_expectation_of_the_network_on_any_spacing(
    tmp_path: Path, thick_file: Path, weights_by_place: Path, spacing, overlap: float
):
    thick = read_volume(thick_file)
    slab_mm = overlap * thick.spacing_mm[2]
    dls, doubt, weights = tmp_path / "dls.nrrd", tmp_path / "doubt.nrrd", str(weights_by_place)
    run(Job(thick_file, dls, doubt=doubt, weights=weights, spacing=spacing, slab_mm=slab_mm))
    model, device = load_model(weights_by_place), choose_device("auto", "auto")
    thick = replace(thick, acquisition=Acquisition(slice_thickness_mm=slab_mm))
    told = synthesize(thick, model, [Rung(device)], doubt=True).doubt
    assert told
    assert model.calibration
    told = told if spacing == "native" else resample_slices(told, spacing)
    slabs = model.calibration.for_volume(thick.spacing_mm[2], overlap, {})
    places = places_at(told.spacing_mm[2], thick)
    right = slabs.expected_hu(told.hu) * slabs.times_at(places)[:, None, None]
    written = read_volume(tmp_path / "doubt.nrrd")
    np.testing.assert_allclose(written.hu, right, rtol=0.01, atol=0.5)
    assert written.hu.std() > 1
    centre, middle = (written.hu[np.abs(places - there) <= 0.15].mean() for there in (1, 1.5))
    assert (centre < middle) == (overlap == 1)
    dls = read_volume(tmp_path / "dls.nrrd")
    assert (dls.size, dls.spacing_mm) == (written.size, written.spacing_mm)


def test_the_expectation_fits_int16_and_is_never_negative():
    told = Volume(np.array([[[-5, 0, 30, 32767]]], np.int16))
    expected = expected_error(told, told, CALIBRATION.slabs[0], np.zeros(1))
    np.testing.assert_array_equal(expected.hu, [[[1, 1, 60, 32767]]])


def test_what_is_told_counts_by_tissue():
    dls = chest()
    told = replace(dls, hu=np.full(dls.hu.shape, 20, np.int16))
    by_tissue = {ELSEWHERE: 1, "lung": 2, "soft tissue": 3}
    curves = {tissue: Curve((1.0,), (float(factor),)) for tissue, factor in by_tissue.items()}
    doubt = expected_error(told, dls, replace(CALIBRATION.slabs[0], expected=curves), np.zeros(len(dls.hu)))
    assert doubt.hu[20, 22, 17] == 40  # in the lung
    assert doubt.hu[20, 22, 36] == 60  # between the lungs
    assert doubt.hu[20, 0, 0] == 20  # in the air
    tissues = seen_tissues(dls)
    for number, tissue in enumerate(TISSUES, start=1):
        assert set(doubt.hu[tissues == number]) <= {20 * by_tissue.get(tissue, 1)}


@pytest.mark.parametrize("axis", [0, 1])
def test_slices_along_another_axis_stay_there(tmp_path: Path, weights_by_place: Path, axis: int):
    hu = np.random.default_rng(0).choice(np.array([-1000, -850, 40], np.int16), (32, 32, 32))
    image = sitk.GetImageFromArray(np.take(hu, range(4), axis=2 - axis))
    image.SetSpacing([5.0 if index == axis else 0.7 for index in range(3)])
    sitk.WriteImage(image, str(tmp_path / "thick.nrrd"))
    weights = str(weights_by_place)
    run(Job(tmp_path / "thick.nrrd", tmp_path / "dls.nrrd", doubt=tmp_path / "doubt.nrrd", weights=weights))
    dls, doubt = (read_volume(tmp_path / name) for name in ("dls.nrrd", "doubt.nrrd"))
    assert dls.size == doubt.size
    assert doubt.size[axis] == 16
    np.testing.assert_array_equal(dls.direction, doubt.direction)
    slices = np.moveaxis(doubt.hu, 2 - axis, 0).mean(axis=(1, 2))
    assert slices[[5, 10]].max() < 0.8 * slices[[2, 3, 7, 8, 12, 13]].min()  # at centres, and off them


def test_a_model_without_doubt_is_refused_in_one_sentence_before_any_work(
    tmp_path: Path, thick_file: Path, tiny_weights: Path
):
    outputs = (tmp_path / "dls.nrrd", "--doubt", tmp_path / "doubt.nrrd")
    done = thinslicesr("synthesize", thick_file, *outputs, "--weights", tiny_weights, "--progress", "json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert (events[-1]["event"], events[-1]["code"]) == ("failed", "no_doubt")
    assert events[-1]["message"] == done.stderr.strip()
    assert not {event["event"] for event in events} & {"started"}
    assert names(tmp_path) == {"thick.nrrd"}


def test_no_output_stands_where_one_cannot(tmp_path: Path, thick_file: Path, doubting_weights: Path):
    (tmp_path / "doubt.nrrd").write_text("of somebody")
    with pytest.raises(CannotWrite, match="exists; allow overwriting"):
        run(Job(thick_file, tmp_path / "dls.nrrd", doubt=tmp_path / "doubt.nrrd", weights=str(doubting_weights)))
    assert names(tmp_path) == {"thick.nrrd", "doubt.nrrd"}
    assert (tmp_path / "doubt.nrrd").read_text() == "of somebody"


def test_the_inventory_tells_which_models_doubt(own_folder: Path, doubting_weights: Path, tiny_weights: Path):
    own_folder.mkdir()
    for path in (doubting_weights, tiny_weights):
        (own_folder / path.name).write_bytes(path.read_bytes())
    files = {file.name: file for file in weights_files({}) if file.place == "own"}
    told = {name: (file.doubts, "with doubt" in describe_file(file)) for name, file in files.items()}
    # One has the part for it, but was not calibrated.
    assert told == {"doubting": (True, True), "tiny": (False, False)}


def test_a_batch_names_doubts_and_refuses_models_without(tmp_path: Path, doubting_weights: Path, tiny_weights: Path):
    results = result_paths("a", tmp_path, Settings(doubt=True), is_dicom=False)
    assert results.doubt == tmp_path / "a_DOUBT.nrrd"
    assert results.doubt in results.paths
    assert result_paths("a", tmp_path, Settings(), is_dicom=False).doubt is None
    failure = engine_here(Settings(weights=str(tiny_weights), device="cpu", doubt=True)).failure
    assert failure
    assert failure.code == "no_doubt"
    assert engine_here(Settings(weights=str(doubting_weights), device="cpu", doubt=True)).failure is None
    assert Settings(doubt=True).described("") != Settings().described("")


def test_a_record_of_an_earlier_version_gets_the_column_for_doubts(tmp_path: Path):
    with Manifest(tmp_path) as manifest:
        manifest.put([Row("in/a.nrrd", "a", bicubic="a_BIS.nrrd")])
    with closing(sqlite3.connect(tmp_path / RECORD_NAME)) as record:
        record.execute("ALTER TABLE volumes DROP COLUMN doubt")
        record.commit()
    with Manifest(tmp_path) as manifest:
        manifest.put([Row("in/b.nrrd", "b", doubt="b_DOUBT.nrrd")])
        assert [(row.bicubic, row.doubt) for row in manifest.rows()] == [("a_BIS.nrrd", ""), ("", "b_DOUBT.nrrd")]


def test_a_model_that_only_has_the_part_for_it_has_no_doubt(tiny_weights: Path):
    with pytest.raises(WeightsError, match="cannot tell where it may be wrong"):
        require_calibration(load_model(tiny_weights))
