"""Runs as the panel starts them: real nodes in, a real worker process, real nodes out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from driving import add_thick_volume, wait_for
from running import Listening, array, corner, run_to_the_end, start_long_run

pytestmark = pytest.mark.usefixtures("application", "scene")


def test_a_run_makes_both_volumes_in_the_place_of_the_input(session: object):
    from ThinSliceSRLib.desktop.worker.request import Request

    thick = add_thick_volume()
    before = array(thick).copy()
    run, told = run_to_the_end(session, Request(thick, device="cpu"))
    assert told.outcomes[0].done, told.outcomes[0]
    dls, bis = run.results.dls, run.results.bis
    assert array(dls).shape == array(bis).shape == (36, 40, 40)
    for result in (dls, bis):
        np.testing.assert_allclose(corner(result, 35), corner(thick, 7))
        assert result.GetAttribute("ThinSliceSR.Synthetic") == "yes"
        assert result.GetAttribute("ThinSliceSR.Unfinished") is None
    assert not np.array_equal(array(dls), array(bis))
    np.testing.assert_array_equal(array(thick), before)
    assert len(told.visible) == 1
    assert dls.GetAttribute("ThinSliceSR.Model") == "cthnet-small"
    assert float(dls.GetAttribute("ThinSliceSR.SlabErrorMeanHU")) < 1
    assert [progress.stage for progress in told.progress][-1] == "show"


def test_there_are_interpolated_slices_to_look_at_before_the_worker_has_begun(session: object):
    from ThinSliceSRLib.desktop.worker.request import Request

    thick = add_thick_volume()
    told = Listening()
    run = session.start(Request(thick, device="cpu"), **told.listeners)
    wait_for(lambda: told.visible)
    assert run._events == [], "the worker has told nothing yet"
    dls, bis = array(run.results.dls), array(run.results.bis)
    assert dls.shape == bis.shape == (36, 40, 40)
    np.testing.assert_array_equal(dls[::5], array(thick))
    np.testing.assert_allclose(dls[7], array(thick)[1] * 0.6 + array(thick)[2] * 0.4, atol=1)
    np.testing.assert_allclose(corner(run.results.dls, 35), corner(thick, 7))
    run.cancel()
    wait_for(lambda: told.outcomes)
    assert told.outcomes[0].cancelled


def test_the_result_equals_what_the_command_line_makes(session: object, tmp_path_factory: pytest.TempPathFactory):
    import SimpleITK as sitk
    from ThinSliceSRLib.desktop.worker.request import Request
    from volume_making import write_volume

    thick = add_thick_volume()
    run, _told = run_to_the_end(session, Request(thick, device="cpu", precision="float32"))
    folder = tmp_path_factory.mktemp("command_line")
    write_volume(thick, folder / "thick.nrrd")
    command = [sys.executable, "-m", "ThinSliceSRLib.engine", "synthesize", folder / "thick.nrrd", folder / "dls.nrrd"]
    command += ["--bicubic", folder / "bis.nrrd", "--device", "cpu", "--precision", "float32"]
    subprocess.run(command, cwd=Path(__file__).parents[3], check=True)
    for name, node in (("dls", run.results.dls), ("bis", run.results.bis)):
        np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{name}.nrrd"))), array(node))


def test_slices_along_another_axis_and_an_exact_spacing(session: object):
    import slicer
    from ThinSliceSRLib.desktop.worker.request import Request

    thick = add_thick_volume(spacing_mm=4.0)
    sagittal = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "sagittal")
    slicer.util.updateVolumeFromArray(sagittal, np.ascontiguousarray(array(thick).transpose(1, 2, 0)))
    sagittal.SetSpacing(4.0, 0.7, 0.7)
    run, told = run_to_the_end(session, Request(sagittal, device="cpu", spacing="1.0"))
    assert told.outcomes[0].done, told.outcomes[0]
    assert array(run.results.dls).shape == array(run.results.bis).shape == (40, 40, 29)
    np.testing.assert_allclose(run.results.dls.GetSpacing(), (1.0, 0.7, 0.7))
    assert len(np.unique(array(run.results.dls)[:, :, 14])) > 10


def test_results_of_3_mm_slices_lie_1_mm_apart_and_tell_what_they_are_made_of(session: object):
    from ThinSliceSRLib.desktop.scene.given_thickness import give_thickness
    from ThinSliceSRLib.desktop.worker.request import Request

    thick = add_thick_volume(spacing_mm=3.0)
    give_thickness(thick, 4.0)
    run, told = run_to_the_end(session, Request(thick, device="cpu"))
    assert told.outcomes[0].done, told.outcomes[0]
    dls, bis = run.results.dls, run.results.bis
    assert array(dls).shape == array(bis).shape == (22, 40, 40)
    for result, name in ((dls, "synthetic DLS 1 mm of Chest"), (bis, "BIS 1 mm of Chest")):
        assert result.GetName() == name
        np.testing.assert_allclose(result.GetSpacing(), (0.7, 0.7, 1.0))
        np.testing.assert_allclose(corner(result, 0), corner(thick, 0))
        keys = ("SlabMm", "SlabMmToldBy", "ThickSpacingMm", "SpacingMm")
        assert [result.GetAttribute(f"ThinSliceSR.{key}") for key in keys] == ["4", "option", "3", "1"]
    assert dls.GetAttribute("ThinSliceSR.SlabConsistency") in ("on", "off")
    assert told.notices == []  # what nobody need be warned of


def test_a_run_takes_the_thickness_that_the_volume_or_a_script_tells(session: object):
    from ThinSliceSRLib.desktop.worker.request import Request
    from ThinSliceSRLib.engine.files.file_acquisition import THICKNESS_ENTRY

    thick = add_thick_volume()
    thick.SetAttribute(THICKNESS_ENTRY, "5.0")
    for slab_mm, expected in ((None, ["5", "header"]), (6.0, ["6", "option"])):
        run, _told = run_to_the_end(session, Request(thick, wants_bis=False, device="cpu", slab_mm=slab_mm))
        told = [run.results.dls.GetAttribute(f"ThinSliceSR.{key}") for key in ("SlabMm", "SlabMmToldBy")]
        assert told == expected


def test_nonsense_from_a_script_is_one_sentence(session: object):
    from ThinSliceSRLib.desktop.worker.request import Request
    from ThinSliceSRLib.engine.errors import ThinSliceError

    for choice, words in (({"slab_mm": 50.0}, "--slab-mm must be"), ({"spacing": "thin"}, "--spacing must be")):
        with pytest.raises(ThinSliceError, match=words):
            session.synthesize(Request(add_thick_volume(), device="cpu", **choice))


def test_without_bis_only_dls_is_made(session: object, scene: object):
    from ThinSliceSRLib.desktop.worker.request import Request

    thick = add_thick_volume()
    volumes = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    run, told = run_to_the_end(session, Request(thick, wants_bis=False, device="cpu"))
    assert told.outcomes[0].done
    assert run.results.bis is None
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == volumes + 1


def test_a_refused_input_is_told_in_the_engines_sentence_and_leaves_no_node(session: object, scene: object):
    from ThinSliceSRLib.desktop.worker.request import Request
    from ThinSliceSRLib.engine.errors import UnusableInput

    thin = add_thick_volume(spacing_mm=1.0)
    with pytest.raises(UnusableInput, match="thin already"):
        session.start(Request(thin, device="cpu"), **Listening().listeners)
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1


def test_dls_shows_bis_from_the_start_and_its_own_slices_as_they_are_finished(session: object):
    run, told = start_long_run(session, first_at_mm=100.0)
    assert run.results.dls.GetAttribute("ThinSliceSR.Unfinished") == "yes"
    bis = array(run.results.bis)
    assert len(np.unique(bis[150])) > 10

    def has_own_slices() -> bool:
        """When nothing waits to be copied any more, into one volume after the other."""
        copied = run._growing._first_look_waits and not run._growing._feed._waiting
        return copied and not np.array_equal(array(run.results.dls), bis)

    wait_for(has_own_slices, 120)
    changed = np.flatnonzero((array(run.results.dls) != bis).any(axis=(1, 2)))
    assert abs(changed.mean() - 100) < 40, "the slices around the wanted place come first"
    run.cancel()
    wait_for(lambda: told.outcomes)


def test_only_one_run_goes_on_at_a_time(session: object):
    from ThinSliceSRLib.desktop.worker.request import Request
    from ThinSliceSRLib.engine.errors import ThinSliceError

    run, told = start_long_run(session)
    with pytest.raises(ThinSliceError, match="going on already"):
        session.start(Request(run.request.source), **told.listeners)
    run.cancel()
    wait_for(lambda: told.outcomes)


def test_a_script_gets_the_volumes_or_the_sentence(session: object):
    from ThinSliceSRLib.desktop.worker.request import Request
    from ThinSliceSRLib.engine.errors import ThinSliceError

    results = session.synthesize(Request(add_thick_volume(), device="cpu"))
    assert array(results.dls).shape == (36, 40, 40)
    with pytest.raises(ThinSliceError, match="no-such-model"):
        session.synthesize(Request(add_thick_volume(), weights="no-such-model", device="cpu"))


@pytest.mark.parametrize("source", [None, "Chest"])
def test_without_a_volume_a_script_is_told_so(source: object, session: object):
    from ThinSliceSRLib.desktop.worker.request import Request
    from ThinSliceSRLib.engine.errors import ThinSliceError

    with pytest.raises(ThinSliceError, match="No volume is chosen"):
        session.synthesize(Request(source))
