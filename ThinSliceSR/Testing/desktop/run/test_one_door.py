"""Whoever starts a run, panel or script, comes by the same check: what it refuses is synthesised by nobody."""

from __future__ import annotations

import pytest
import slicer
from driving import add_thick_volume
from loaded_series import node_with_a_gap
from ThinSliceSRLib.desktop.scene.input_facts import findings
from ThinSliceSRLib.engine.errors import UnusableInput
from volume_making import volume_node

pytestmark = pytest.mark.usefixtures("application")


def as_mr(monkeypatch: pytest.MonkeyPatch) -> object:
    node = volume_node()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    hierarchy.SetItemAttribute(hierarchy.CreateItem(hierarchy.GetSceneItemID(), node), "DICOM.Modality", "MR")
    return node


UNFIT = {
    "missing_slices": lambda monkeypatch: node_with_a_gap(monkeypatch)[0],
    "not_ct": as_mr,
    "already_thin": lambda monkeypatch: volume_node(spacing=(0.7, 0.7, 1.0)),
}


@pytest.mark.parametrize("code", UNFIT)
def test_scripts_get_the_sentence_that_the_panel_shows(code: str, module: object, monkeypatch: pytest.MonkeyPatch):
    node = UNFIT[code](monkeypatch)
    [finding] = [finding for finding in findings(node) if finding.level == "error"]
    before = slicer.mrmlScene.GetNumberOfNodes()
    with pytest.raises(UnusableInput) as refused:
        module.logic.synthesize(node, device="cpu")
    assert (refused.value.code, str(refused.value)) == (code, finding.message)
    assert slicer.mrmlScene.GetNumberOfNodes() == before
    assert not module.logic.session.running


def test_a_fit_volume_goes_through(module: object):
    dls, bis = module.logic.synthesize(add_thick_volume(), device="cpu")
    assert slicer.util.arrayFromVolume(dls).shape == slicer.util.arrayFromVolume(bis).shape
