"""Places to look at twice: found where they are, told where they are, and written as text, JSON and CSV."""

from __future__ import annotations

import csv
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chest_making import chest, write
from command_line_runs import names, thinslicesr
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.doubt.structure_list import NO_PROOF, as_csv, as_json, as_text
from ThinSliceSRLib.engine.doubt.structures import Structure, find_structures
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume

# k, j, i of voxels of 1 × 2 × 2 mm in the lungs.
STANDS, VANISHES, CERTAIN, SMALL, OUTSIDE = (15, 30, 17), (30, 22, 55), (30, 30, 17), (8, 30, 55), (20, 8, 36)


def block(volume: Volume, centre: tuple[int, int, int], value: float, reach: int = 1) -> Volume:
    """The volume with a cube of voxels of one value."""
    hu = volume.hu.copy()
    hu[tuple(slice(index - reach, index + reach + 1) for index in centre)] = value
    return replace(volume, hu=hu)


@pytest.fixture(scope="module")
def volumes() -> tuple[Volume, Volume, Volume]:
    """DLS, BIS and doubt of a chest: one nodule in DLS alone, one in BIS alone, and what is not to be listed."""
    dls = bis = chest()
    doubt = replace(dls, hu=np.full(dls.hu.shape, 10, np.int16))
    for centre, reach in ((STANDS, 1), (CERTAIN, 1), (SMALL, 0), (OUTSIDE, 1)):
        dls = block(dls, centre, 40 if centre != OUTSIDE else 400, reach)
    bis = block(bis, VANISHES, -200)
    for centre, value in ((STANDS, 80), (VANISHES, 120), (SMALL, 300), (OUTSIDE, 300)):
        doubt = block(doubt, centre, value)
    return dls, bis, doubt


def test_what_stands_or_vanishes_in_doubt_is_found_and_nothing_else(volumes):
    vanishing, standing = find_structures(*volumes)
    assert (vanishing.kind, standing.kind) == (
        "vanishes",
        "stands",
    )  # the larger doubt first, as what lies around is much the same
    assert vanishing.index == VANISHES[::-1]
    assert standing.index == STANDS[::-1]
    size = np.cbrt(27 * 4 * 6 / np.pi)
    assert (standing.size_mm, vanishing.size_mm) == pytest.approx((size, size))
    assert (standing.hu_dls, standing.doubt_hu) == (40, 80)
    assert standing.hu_bis == pytest.approx(-850, abs=20)
    assert vanishing.hu_bis == -200
    spacing, origin = np.array((2.0, 2.0, 1.0)), np.array(volumes[0].origin_mm)
    np.testing.assert_allclose(standing.position_lps_mm, origin + spacing * STANDS[::-1])
    np.testing.assert_allclose(standing.position_ras_mm, (origin + spacing * STANDS[::-1]) * (-1, -1, 1))


def test_of_places_of_the_same_doubt_the_fainter_one_comes_first(volumes):
    doubt = volumes[2]
    faint, dense = (15, 30, 17), (30, 30, 55)
    dls = block(block(chest(), faint, -650, 1), dense, 40, 1)
    doubt = block(block(replace(doubt, hu=np.full_like(doubt.hu, 10)), faint, 80), dense, 100)
    first, second = find_structures(dls, chest(), doubt)
    assert (first.index, second.index) == (faint[::-1], dense[::-1])
    assert first.contrast_hu == pytest.approx(220, abs=30)
    assert second.contrast_hu == pytest.approx(900, abs=30)
    assert first.relative_doubt == pytest.approx(80 / first.contrast_hu)


def test_a_higher_bar_makes_the_list_shorter(volumes):
    assert [structure.kind for structure in find_structures(*volumes, least_doubt_hu=100)] == ["vanishes"]
    assert find_structures(*volumes, least_doubt_hu=200) == []


@pytest.mark.parametrize("axes", [(2, 0, 1), (1, 2, 0), (0, 2, 1)])
def test_places_are_the_same_however_the_volumes_are_stored(volumes, axes):
    stored = [volume.permuted(axes) for volume in volumes]
    plain, other = find_structures(*volumes), find_structures(*stored)
    for one, another in zip(plain, other, strict=True):
        np.testing.assert_allclose(one.position_lps_mm, another.position_lps_mm)
        assert tuple(one.index[axis] for axis in axes) == another.index


def test_places_follow_the_axes_of_the_volume(volumes):
    turned = [replace(volume, direction=np.array([[0, 1, 0], [-1, 0, 0], [0, 0, -1.0]])) for volume in volumes]
    for plain, other in zip(find_structures(*volumes), find_structures(*turned), strict=True):
        x, y, z = np.array(plain.position_lps_mm) - volumes[0].origin_mm
        np.testing.assert_allclose(np.array(other.position_lps_mm) - volumes[0].origin_mm, (y, -x, -z))


def test_larger_than_a_nodule_is_none(volumes):
    dls, bis, doubt = volumes
    everywhere = np.ones(dls.hu.shape, bool)
    for reach, found in ((1, 1), (3, 0)):
        made = block(dls, STANDS, 40, reach), bis, block(doubt, STANDS, 81, reach)
        listed = find_structures(*made, everywhere, 81)
        assert sum(structure.index == STANDS[::-1] for structure in listed) == found


def test_no_lungs_no_places(volumes):
    everywhere = [
        replace(volume, hu=np.full_like(volumes[0].hu, value))
        for volume, value in zip(volumes, (40, -300, 90), strict=True)
    ]
    assert find_structures(*everywhere) == []


def test_volumes_of_different_grids_are_refused(volumes):
    dls, bis, doubt = volumes
    for other in (replace(doubt, hu=doubt.hu[1:]), replace(doubt, origin_mm=(0.0, 0.0, 0.0))):
        with pytest.raises(UnusableInput, match="do not lie on one grid"):
            find_structures(dls, bis, other)


PLACE = Structure("stands", (-10.0, 20.0, 30.0), (1, 2, 3), 4.25, -500.4, -820.0, 61.6, 308.0)


def test_the_list_is_told_as_text_json_and_csv():
    text = as_text([PLACE])
    assert "1. only in DLS: 4.2 mm at R 10.0, A -20.0, S 30.0 mm (i 1, j 2, k 3); -500 HU in DLS" in text
    assert "expected error 62 HU, 20% of its contrast" in text
    assert text.endswith(NO_PROOF)
    [told] = json.loads(as_json([PLACE]))["places"]
    assert told == {
        "kind": "stands", "position": [10.0, -20.0, 30.0], "position_lps": [-10.0, 20.0, 30.0], "i": 1, "j": 2, "k": 3,
        "size_mm": 4.2, "hu_dls": -500, "hu_bis": -820, "doubt_hu": 62, "contrast_hu": 308,
        "relative_doubt": 0.2,
    }  # fmt: skip
    [row] = csv.DictReader(as_csv([PLACE]).splitlines())
    assert (row["right_mm"], row["left_mm"], row["superior_mm"], row["doubt_hu"]) == ("10.0", "-10.0", "30.0", "62")
    assert (row["contrast_hu"], row["relative_doubt"]) == ("308", "0.2")
    assert as_csv([]).count("\n") == 1


def test_the_verb_lists_the_places_of_volumes_made_before(volumes, tmp_path: Path):
    files = write(tmp_path, **dict(zip(("dls", "bis", "doubt"), volumes, strict=True)))
    given = ("--dls", files["dls"], "--bicubic", files["bis"], "--doubt", files["doubt"])
    done = thinslicesr("doubt", *given, "--output", tmp_path / "places.csv", "--progress", "json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert tuple(events[-2][key] for key in ("stage", "done", "total")) == ("places", 1, 1)
    assert events[-1]["event"] == "finished"
    assert [place["kind"] for place in events[-1]["places"]] == ["vanishes", "stands"]
    assert events[-1]["outputs"] == {"places": str(tmp_path / "places.csv")}
    assert len((tmp_path / "places.csv").read_text().splitlines()) == 3
    again = thinslicesr("doubt", *given, "--output", tmp_path / "places.csv")
    assert again.returncode == 2
    assert "allow overwriting" in again.stderr
    told = thinslicesr("doubt", *given, "--json")
    assert json.loads(told.stdout)["places"] == events[-1]["places"]
    assert NO_PROOF in thinslicesr("doubt", *given).stdout


def test_the_verb_makes_the_volumes_it_needs_and_leaves_none(
    tmp_path: Path, doubting_weights: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    write(tmp_path, thick=simulate_thick(chest(), SlabProfile(5.0, 5.0)))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    run = ["doubt", tmp_path / "thick.nrrd", "--output", tmp_path / "places.json", "--weights", doubting_weights]
    assert main([str(part) for part in (*run, "--progress", "json")]) == 0
    events = [json.loads(line)["event"] for line in capfd.readouterr().out.splitlines()]
    assert events.count("started") == events.count("finished") == 1
    assert json.loads((tmp_path / "places.json").read_text()).keys() == {"places"}
    assert names(tmp_path) == {"thick.nrrd", "places.json", "temporary"}
    assert names(tmp_path / "temporary") == set()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["doubt"], 2, "INPUT is needed, or all three of --dls"),
        (["doubt", "a.nrrd", "--dls", "b.nrrd"], 2, "INPUT is needed, or all three of --dls"),
        (["doubt", "a.nrrd", "--output", "places.txt"], 2, "name it .json or .csv"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(arguments: list[str], code: int, sentence: str):
    done = thinslicesr(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert sentence in done.stderr


def test_a_model_without_doubt_lists_nothing(tmp_path: Path, tiny_weights: Path):
    write(tmp_path, thick=simulate_thick(chest(), SlabProfile(5.0, 5.0)))
    done = thinslicesr("doubt", tmp_path / "thick.nrrd", "--output", tmp_path / "p.json", "--weights", tiny_weights)
    assert done.returncode == 3
    assert "cannot tell where it may be wrong" in done.stderr
    assert names(tmp_path) == {"thick.nrrd"}
