"""What a batch does and what it leaves alone: its sources, what is done already, what fails."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from batches import finish, rows, start, table, write_thick
from dicom_making import slice_positions, write_series
from models import CALIBRATION, doubting_network
from ThinSliceSRLib.engine.batch.batch import Summary
from ThinSliceSRLib.engine.batch.sole_use import sole_use
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.outputs.file_names import short_hash
from ThinSliceSRLib.engine.weights.weights_file import save_weights, with_calibration


def found(place: Path, apart_from: Path = Path("/nowhere"), least_thickness_mm: float | None = None) -> list[str]:
    return [source.name for source in sources_at(place, apart_from, least_thickness_mm) if not source.left_out]


def chest(slices: int = 5) -> np.ndarray:
    return np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (slices, 16, 16))


def test_a_folder_gives_its_volume_files_but_no_results_and_nothing_hidden(tmp_path: Path, batch):
    write_thick(tmp_path / "a.nrrd")
    write_thick(tmp_path / "below" / "b.nii.gz")
    write_thick(tmp_path / "c.mha")
    write_thick(tmp_path / ".hidden" / "d.nrrd")
    (tmp_path / "notes.txt").write_text("no volume")
    batch(tmp_path, tmp_path / "out")
    batch(tmp_path / "a.nrrd", tmp_path / "elsewhere", bicubic=True, suffix=".nii.gz")
    assert found(tmp_path, tmp_path / "out") == ["a", "b", "c"]


def test_a_folder_gives_its_series_of_thick_chest_ct_by_their_uids(tmp_path: Path):
    def add(folder: str, spacing_mm: float = 5.0, **tags) -> None:
        uid = f"1.2.{len(list(tmp_path.iterdir())) + 1}"
        positions = slice_positions(5, spacing_mm)
        write_series(tmp_path / folder, chest(), positions, SeriesInstanceUID=uid, SliceThickness=spacing_mm, **tags)

    add("a")
    add("b", BodyPartExamined="CHEST")
    add("c", spacing_mm=3.0, StudyInstanceUID="1.3")
    add("d", spacing_mm=1.0)
    add("e", BodyPartExamined="HEAD")
    add("f", Modality="MR")
    add("g", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    add("h", Manufacturer="ThinSliceSR")
    assert found(tmp_path) == ["1.2.1", "1.2.2", "1.2.3"]
    assert found(tmp_path, least_thickness_mm=5) == ["1.2.1", "1.2.2"]


def test_a_damaged_file_does_not_hide_the_series_of_other_folders(tmp_path: Path):
    write_series(tmp_path / "good", chest(), SeriesInstanceUID="1.2.1")
    write_series(tmp_path / "Doe^Jane", chest(), SeriesInstanceUID="1.2.2")
    (tmp_path / "Doe^Jane" / "empty.dcm").touch()
    good, bad = sorted(sources_at(tmp_path, Path("/nowhere"), None), key=lambda source: source.problem is not None)
    assert good.series == "1.2.1"
    assert bad.place == str(tmp_path / "Doe^Jane")
    assert "Doe" not in bad.name + bad.problem[1]
    assert bad.problem[0] == "truncated"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.txt", "# wanted\na.nrrd\n\nbelow/a.nrrd\n  dicom\n"),
        ("list.csv", "patient,path\n1,a.nrrd\n2,below/a.nrrd\n3,dicom\n"),
        ("list.csv", '"a.nrrd"\nbelow/a.nrrd,x\ndicom,\n'),
    ],
)
def test_a_list_names_files_and_folders_beside_it(name: str, text: str, tmp_path: Path):
    write_thick(tmp_path / "a.nrrd")
    write_thick(tmp_path / "below" / "a.nrrd")
    write_series(tmp_path / "dicom", chest(), SeriesInstanceUID="1.2.1")
    (tmp_path / name).write_text(text)
    assert found(tmp_path / name) == ["a", "a", "1.2.1"]


def test_a_source_within_the_destination_is_read(tmp_path: Path):
    write_series(tmp_path / "in" / "scan", chest(), SeriesInstanceUID="1.2.1")
    write_thick(tmp_path / "in" / "a.nrrd")
    assert found(tmp_path / "in", tmp_path) == ["a", "1.2.1"]


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for a privilege to make links")
def test_links_to_folders_are_followed_once_and_never_in_a_circle(tmp_path: Path):
    scans, elsewhere, out = tmp_path / "in", tmp_path / "elsewhere", tmp_path / "out"
    write_thick(elsewhere / "volumes" / "a.nrrd")
    write_series(elsewhere / "dicom" / "scan", chest(), SeriesInstanceUID="1.2.1")
    write_thick(out / "b.nrrd")
    write_thick(scans / "c" / "c.nrrd")
    (elsewhere / "dicom" / "back").symlink_to(scans)
    for name, place in {
        "1": elsewhere / "volumes", "2": elsewhere / "dicom", "3": elsewhere / "dicom" / "scan", "4": out,
        "5": tmp_path, "6": scans / "c", "7": tmp_path / "gone", "8": elsewhere,
    }.items():  # fmt: skip
        (scans / name).symlink_to(place)
    assert found(scans, out) == ["c", "a", "1.2.1"]
    (scans / "c" / "empty.dcm").touch()  # which has each folder looked through by itself
    assert sorted(found(scans, out)) == sorted(["c", "a", "1.2.1", f"folder-{short_hash(str(scans / 'c'))}"])


def test_a_source_that_is_not_there_leaves_no_destination(tmp_path: Path, batch):
    with pytest.raises(UnusableInput, match="There is no file or folder"):
        batch(tmp_path / "typo", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_source_without_volumes_is_refused(tmp_path: Path):
    for place, code in ((tmp_path, "nothing_to_do"), (tmp_path / "gone", "not_found")):
        with pytest.raises(UnusableInput) as failure:
            found(place)
        assert failure.value.code == code


def test_volumes_of_one_name_get_results_of_different_names(tmp_path: Path, batch):
    for number, folder in enumerate(("a", "B", "c")):
        write_thick(tmp_path / "in" / folder / ("Scan.nrrd" if folder == "B" else "scan.nrrd"), seed=number)
    for _ in range(2):
        batch(tmp_path / "in", tmp_path / "out")
        outputs = {row["output"].casefold() for row in rows(tmp_path / "out").values()}
        assert len(outputs) == len(list((tmp_path / "out").glob("*.nrrd"))) == 3


def test_the_manifest_tells_all_of_a_volume(tmp_path: Path, batch):
    write_thick(tmp_path / "wide.nrrd", spacing_mm=12.0)
    batch(tmp_path / "wide.nrrd", tmp_path / "out", bicubic=True, spacing="2.0")
    row = rows(tmp_path / "out")["wide"]
    assert row["input"] == str(tmp_path / "wide.nrrd")
    assert (row["state"], row["output"], row["bicubic"]) == ("done", "wide_DLS.nrrd", "wide_BIS.nrrd")
    assert [finding["code"] for finding in row["findings"]] == ["spacing_unusual", "thickness_unknown"]
    assert 0 <= row["seconds"] < 100
    assert 0 < row["slab_error_mean_hu"] < row["slab_error_p99_hu"]
    assert (row["model"], row["device"]) == ("tiny (untrained)", "cpu")
    assert len(row["model_sha256"]) == 64
    [line] = table(tmp_path / "out")
    assert line["findings"] == "spacing_unusual thickness_unknown"
    assert {name: line[name] for name in ("input", "state", "seconds", "model_sha256")} == {
        name: str(row[name]) for name in ("input", "state", "seconds", "model_sha256")
    }
    for name in ("wide_DLS.nrrd", "wide_BIS.nrrd"):
        assert sitk.ReadImage(str(tmp_path / "out" / name)).GetSize() == (32, 32, 19)


def test_doubts_are_results_as_others(tmp_path: Path, batch):
    write_thick(tmp_path / "in" / "a.nrrd")
    weights = tmp_path / "doubting.safetensors"
    save_weights(weights, doubting_network(), "doubting", trained=False)
    with_calibration(weights, CALIBRATION)
    out = tmp_path / "in" / "out"
    batch(tmp_path / "in", out, doubt=True, weights=str(weights))
    assert rows(out)["a"]["doubt"] == "a_DOUBT.nrrd"
    assert (out / "a_DOUBT.nrrd").is_file()
    assert batch(tmp_path / "in", out, doubt=True, weights=str(weights)).skipped == 1
    assert [source.name for source in sources_at(tmp_path / "in", tmp_path / "elsewhere", None)] == ["a"]


def test_dicom_becomes_series_named_by_uid_and_told_of_no_patient(tmp_path: Path, batch):
    write_series(tmp_path / "in" / "Doe^Jane", chest(), SeriesInstanceUID="1.2.77")
    batch(tmp_path / "in", tmp_path / "out", dicom_out=True)
    row = rows(tmp_path / "out")["1.2.77"]
    assert (row["series"], row["output"], row["dicom"]) == ("1.2.77", "1.2.77_DLS.nrrd", "1.2.77_DICOM")
    assert len(list((tmp_path / "out" / "1.2.77_DICOM" / "DLS").glob("*.dcm"))) == 21
    told = (tmp_path / "out" / "manifest.json").read_text() + (tmp_path / "out" / "manifest.csv").read_text()
    assert "Nobody" not in told
    assert "4711" not in told


def test_a_failing_volume_does_not_stop_the_rest_and_is_tried_again(tmp_path: Path, batch):
    scans, out = tmp_path / "in", tmp_path / "out"
    write_thick(scans / "good.nrrd")
    write_thick(scans / "tiny.nrrd", matrix=4)
    (scans / "damaged.nrrd").write_text("NRRD0004\n")
    for _ in range(2):
        with pytest.raises(UnusableInput, match=r"2 of 3 volumes failed; .*manifest\.csv says why") as failure:
            batch(scans, out)
        assert failure.value.code == "volumes_failed"
        told = rows(out)
        assert {name: row["state"] for name, row in told.items()} == {
            "good": "done", "tiny": "failed", "damaged": "failed"
        }  # fmt: skip
        assert told["tiny"]["failure_code"] == "too_small"
        assert "4 by 4 pixels" in told["tiny"]["failure"]
        assert {path.name for path in out.glob("*.nrrd")} == {"good_DLS.nrrd"}
    write_thick(scans / "tiny.nrrd")
    (scans / "damaged.nrrd").unlink()
    assert batch(scans, out) == Summary(2, 1, out / "manifest.csv")


def test_only_what_changed_is_done_again(tmp_path: Path, batch):
    scans, out = tmp_path / "in", tmp_path / "out"
    for name in ("same", "changed", "deleted", "cut"):
        write_thick(scans / f"{name}.nrrd")
    batch(scans, out)
    results = {name: out / f"{name}_DLS.nrrd" for name in ("same", "changed", "deleted", "cut")}
    before = {name: path.stat().st_ino for name, path in results.items()}
    write_thick(scans / "changed.nrrd", seed=1, slices=6)
    results["deleted"].unlink()
    os.truncate(results["cut"], 1000)
    assert batch(scans, out).skipped == 1
    assert results["same"].stat().st_ino == before["same"]
    assert sitk.ReadImage(str(results["changed"])).GetSize()[2] == 26
    assert all(sitk.ReadImage(str(results[name])).GetSize()[2] == 16 for name in ("deleted", "cut"))
    assert batch(scans, out).skipped == 4
    assert batch(scans, out, slab_consistency="off").skipped == 0
    assert batch(scans, out, slab_consistency="off", afresh=True).skipped == 0


def test_what_is_not_of_a_batch_is_not_replaced(tmp_path: Path, batch):
    write_thick(tmp_path / "a.nrrd")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a_DLS.nrrd").write_text("precious")
    with pytest.raises(UnusableInput):
        batch(tmp_path / "a.nrrd", out)
    assert rows(out)["a"]["failure_code"] == "target_exists"
    with pytest.raises(UnusableInput):
        batch(tmp_path / "a.nrrd", out)
    assert (out / "a_DLS.nrrd").read_text() == "precious"
    batch(tmp_path / "a.nrrd", out, afresh=True)
    assert rows(out)["a"]["state"] == "done"


def test_a_manifest_that_is_none_is_not_overwritten(tmp_path: Path, batch):
    write_thick(tmp_path / "a.nrrd")
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text('{"name": "of a web page"}')
    with pytest.raises(UnusableInput, match="not a manifest of this program"):
        batch(tmp_path / "a.nrrd", out)
    assert {path.name for path in out.glob("[!.]*")} == {"manifest.json"}


def test_what_a_machine_that_is_gone_has_left_for_a_day_is_removed(tmp_path: Path, batch):
    write_thick(tmp_path / "a.nrrd")
    old, new = (tmp_path / "out" / f".thinslicesr-{'0' * 8}-{pid}-abcd0123.part" for pid in (1, 2))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "00001.dcm").touch()
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    batch(tmp_path / "a.nrrd", tmp_path / "out")
    assert [old.exists(), new.exists()] == [False, True]


def test_a_second_batch_on_the_same_destination_refuses(tmp_path: Path):
    write_thick(tmp_path / "a.nrrd")
    with sole_use(tmp_path):
        code, told, problems = finish(start(tmp_path / "a.nrrd", tmp_path))
    assert (code, told) == (2, "")
    assert problems == (f"Another batch is working on {tmp_path}; wait for its end or choose another destination.\n")


def test_volume_files_are_told_by_their_own_names_and_dicom_by_none(tmp_path: Path):
    (tmp_path / "in" / "Doe^Jane").mkdir(parents=True)
    (tmp_path / "in" / "Doe^John.zip").write_bytes(b"no archive")
    (tmp_path / "in" / "scan7.nrrd").write_bytes(b"no volume")
    (tmp_path / "in" / "Doe^Jane" / "1.dcm").touch()
    (tmp_path / "list.txt").write_text("in/scan7.nrrd\nin/Doe^John.zip\nin/Doe^Jane\n")
    sources = sources_at(tmp_path / "list.txt", Path("/nowhere"), None)
    told = [f"{source.name}: {source.problem}" for source in sources]
    assert any(line.startswith("scan7") for line in told)
    assert len(told) == 3
    assert not any("Doe" in line for line in told)
