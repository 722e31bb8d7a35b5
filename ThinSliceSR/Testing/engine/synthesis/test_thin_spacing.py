"""How far apart thin slices lie: 1 mm as people mean it, the network's own distance, or any other that is asked for."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.events.json_lines import facts_of
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.events.told import SynthesisStarted
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.run.job import Job, RunResult, run_job
from ThinSliceSRLib.engine.synthesis.thin_spacing import thin_spacing_mm
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume

RATIO = 5


@pytest.mark.parametrize(
    ("thick_mm", "thin_mm"),
    [
        (2.0, 1.0),
        (2.5, 1.0),
        (3.0, 1.0),
        (3.75, 1.0),
        (4.49, 1.0),
        (4.5, 0.9),
        (4.8, 0.96),
        (5.0, 1.0),
        (5.5, 1.1),
        (float(np.float32(5.5)) + 1e-7, 1.1),
        (5.51, 1.0),
        (6.0, 1.0),
        (10.0, 1.0),
        (1.0, 0.2),
        (0.8, 0.16),
    ],
)
def test_auto_is_1_mm_but_leaves_slices_as_the_network_makes_them_near_that(thick_mm: float, thin_mm: float):
    assert thin_spacing_mm("auto", thick_mm, RATIO) == pytest.approx(thin_mm, abs=1e-6)


@given(st.floats(0.5, 20))
def test_native_is_exactly_the_networks_own_distance(thick_mm: float):
    assert thin_spacing_mm("native", thick_mm, RATIO) == thick_mm / RATIO
    assert thin_spacing_mm(thick_mm / RATIO, thick_mm, RATIO) == thick_mm / RATIO


@given(st.floats(0.1, 20), st.floats(0.1, 20))
def test_any_distance_up_to_that_of_the_thick_slices_can_be_asked_for(asked: float, thick_mm: float):
    if asked <= thick_mm:
        for spacing in (asked, repr(asked)):
            assert thin_spacing_mm(spacing, thick_mm, RATIO) == pytest.approx(asked, rel=1e-6)
    elif asked > thick_mm + 0.01:
        with pytest.raises(UnusableInput, match="no closer"):
            thin_spacing_mm(asked, thick_mm, RATIO)


@pytest.mark.parametrize("same", ["1", "1.0", 1, 1.0, " 1.00 "])
def test_a_number_may_be_written_as_one_likes(same: str | float):
    assert thin_spacing_mm(same, 5.0, RATIO) == 1.0
    assert thin_spacing_mm(same, 6.0, RATIO) == 1.0


@pytest.mark.parametrize("nonsense", ["0", "-1", "nan", "inf", "0.01", "", "thin", "1,0", "Auto", 0, float("nan")])
def test_nonsense_is_refused_in_one_sentence(nonsense: str | float):
    with pytest.raises(UnusableInput, match="--spacing must be auto, native, or a number of millimetres") as refused:
        thin_spacing_mm(nonsense, 5.0, RATIO)
    assert refused.value.code == "wrong_usage"


class Listening(SilentReporter):
    """Keeps what a run tells at its start."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.told: list[tuple[str, str]] = []

    def started(self, event: SynthesisStarted) -> None:
        self.facts = facts_of(event)

    def warning(self, finding: Finding) -> None:
        self.told.append(("warning", finding.code))

    def note(self, finding: Finding) -> None:
        self.told.append(("note", finding.code))


def synthesised(folder: Path, weights: Path, thick: Volume, **choices) -> tuple[RunResult, Listening]:
    """What became of a volume in a file, by a network that interpolates linearly."""
    listening = Listening()
    with PendingOutputs(overwrite=True) as outputs:
        outputs.write(thick, folder / "thick.nrrd")
    job = Job(
        folder / "thick.nrrd",
        folder / "d.nrrd",
        folder / "b.nrrd",
        weights=str(weights),
        device="cpu",
        values="hu",  # ramps look like no chest
        **choices,
    )
    with ExitStack() as undo:
        outcome = run_job(job, listening, undo)
        undo.pop_all()  # nothing is left to be undone
    return outcome, listening


@pytest.mark.parametrize(
    ("thick_mm", "spacing", "thin_mm"),
    [
        (2.5, "auto", 1.0),
        (3.0, "auto", 1.0),
        (4.5, "auto", 0.9),
        (5.0, "auto", 1.0),
        (6.4, "auto", 1.0),
        (3.0, "native", 0.6),
        (3.0, "0.7", 0.7),
        (5.0, 2.5, 2.5),
    ],
)
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
def test_results_begin_on_the_first_thick_slice_and_end_on_the_last_at_most(
    thick_mm: float, spacing: str | float, thin_mm: float, axes, tmp_path: Path, tiny_weights: Path
):
    """A ramp along the slices tells where each result's slices lie."""
    places = np.arange(9) * thick_mm
    hu = np.repeat(10 * places, 16 * 16).reshape(9, 16, 16).astype(np.int16)
    told = Acquisition(slice_thickness_mm=thick_mm)
    thick = Volume(hu, (0.8, 0.8, thick_mm), (5.0, -7.0, 11.0), acquisition=told).permuted(axes)
    outcome, listening = synthesised(tmp_path, tiny_weights, thick, spacing=spacing)
    axis = thick.through_plane_axis
    for result in (outcome.dls, outcome.bis):
        assert result.spacing_mm[axis] == pytest.approx(thin_mm)
        assert result.origin_mm == pytest.approx(thick.origin_mm)
        made = result.stacked_along_k(axis)
        last_mm = (len(made.hu) - 1) * thin_mm
        assert -1e-6 < places[-1] - last_mm < thin_mm
        inner = slice(round(2 * thick_mm / thin_mm), round(6 * thick_mm / thin_mm))  # splines bend at the ends
        np.testing.assert_allclose(made.hu[inner, 8, 8], 10 * thin_mm * np.arange(inner.start, inner.stop), atol=2)
    output, slab = listening.facts["output"], listening.facts["input"]["slab"]
    assert output["spacing_mm"][axis] == pytest.approx(thin_mm)
    assert slab == {"thickness_mm": thick_mm, "spacing_mm": pytest.approx(thick_mm), "told_by": "header"}


RAMP = np.repeat(10 * np.arange(6), 16 * 16).reshape(6, 16, 16).astype(np.int16)


@pytest.mark.parametrize(
    ("header_mm", "slab_mm", "taken_mm", "told_by", "findings"),
    [
        (None, None, 5.0, "nobody", [("note", "thickness_unknown")]),
        (6.0, None, 6.0, "header", []),
        (6.0, 8.0, 8.0, "option", []),
        (None, 4.6, 4.6, "option", []),
        (25.0, None, 12.5, "header", [("warning", "thickness_doubtful")]),
        (25.0, 5.0, 5.0, "option", []),
    ],
)
def test_a_run_tells_the_thickness_that_it_takes_and_who_said_it(
    header_mm, slab_mm, taken_mm, told_by, findings, tmp_path: Path, tiny_weights: Path
):
    thick = Volume(RAMP, (0.8, 0.8, 5.0), acquisition=Acquisition(slice_thickness_mm=header_mm))
    outcome, listening = synthesised(tmp_path, tiny_weights, thick, slab_mm=slab_mm)
    assert listening.facts["input"]["slab"] == {"thickness_mm": taken_mm, "spacing_mm": 5.0, "told_by": told_by}
    assert [finding for finding in listening.told if finding[1].startswith("thickness")] == findings
    for name in ("d.nrrd", "b.nrrd"):
        header = sitk.ReadImage(str(tmp_path / name))
        told = {key: header.GetMetaData(f"ThinSliceSR_{key}") for key in ("slab_mm", "slab_mm_told_by", "spacing_mm")}
        assert told == {"slab_mm": f"{taken_mm:g}", "slab_mm_told_by": told_by, "spacing_mm": "1"}
        assert header.GetMetaData("ThinSliceSR_thick_spacing_mm") == "5"
        assert header.GetMetaData("ThinSliceSR_spacing") == "auto"
    assert outcome.thick.acquisition.slice_thickness_mm == (slab_mm or header_mm)


@pytest.mark.parametrize("choice", [{"slab_mm": 0.0}, {"slab_mm": float("nan")}, {"spacing": "0"}, {"spacing": 7.0}])
def test_a_run_with_nonsense_does_not_begin(choice: dict[str, Any], tmp_path: Path, tiny_weights: Path):
    thick = Volume(RAMP, (0.8, 0.8, 5.0))
    with pytest.raises(UnusableInput) as refused:
        synthesised(tmp_path, tiny_weights, thick, **choice)
    assert refused.value.code == "wrong_usage"
    assert [path.name for path in tmp_path.iterdir()] == ["thick.nrrd"]


def test_thin_slices_can_be_forced_and_stay_no_coarser(tmp_path: Path, tiny_weights: Path):
    thick = Volume(RAMP, (0.8, 0.8, 0.9), acquisition=Acquisition(slice_thickness_mm=0.9))
    with pytest.raises(UnusableInput, match="thin already"):
        synthesised(tmp_path, tiny_weights, thick)
    outcome, listening = synthesised(tmp_path, tiny_weights, thick, force=True)
    assert ("warning", "already_thin") in listening.told
    assert outcome.dls.spacing_mm[2] == pytest.approx(0.18)
