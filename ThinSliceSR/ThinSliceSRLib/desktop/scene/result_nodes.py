"""One run's result volumes: DLS, BIS and the doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import slicer
from slicer.i18n import tr as _

from ...engine.errors import UnusableInput
from .result_volume import ResultGrid, ResultVolume, in_scene
from .synthetic_mark import DOUBT_ROLE, SOURCE_NODE_ID, SOURCE_ROLE, Kind, is_synthetic, kind_of, run_of
from .volume_nodes import require_one_volume

LastResults = tuple["slicer.vtkMRMLScalarVolumeNode | None", "slicer.vtkMRMLScalarVolumeNode | None"]
"""DLS and BIS, each None when there is none."""


class ResultNodes:
    """The DLS and BIS volumes of one run, and the doubt of its DLS volume.

    Whatever the user has deleted meanwhile is left alone: then every method does its work on what is still there.
    """

    @staticmethod
    def begin(
        source: slicer.vtkMRMLScalarVolumeNode,
        dls: slicer.vtkMRMLScalarVolumeNode | None = None,
        bis: slicer.vtkMRMLScalarVolumeNode | None = None,
        wants_bis: bool = True,
        wants_doubt: bool = False,
    ) -> ResultNodes:
        """The result volumes of `source`, still without an image: those given, and new ones for those that are None.

        A given volume must be empty or an earlier result, because what else it holds would be lost. From `set_grid` on
        it looks and lies like a new one; a name that the user gave it stays, but tells what it is.
        Raises UnusableInput as `volume_of`, or with the code `same_target` or `target_exists`; then nothing is changed.
        """
        require_one_volume(source)
        chosen: dict[Kind, slicer.vtkMRMLScalarVolumeNode | None] = {"DLS": dls}
        if wants_bis:
            chosen["BIS"] = bis
        if wants_doubt:
            chosen["DOUBT"] = None
        chosen = {kind: node if in_scene(node) else None for kind, node in chosen.items()}
        _require_free(source, chosen)
        run = 1 + max(map(run_of, slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")), default=0)
        return ResultNodes([ResultVolume(kind, source, node, run) for kind, node in chosen.items()])

    def __init__(self, volumes: list[ResultVolume]) -> None:
        self._volumes = {volume.kind: volume for volume in volumes}

    @property
    def dls(self) -> slicer.vtkMRMLScalarVolumeNode:
        return self._volumes["DLS"].node

    @property
    def bis(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        """None when BIS is not wanted."""
        return self._volumes["BIS"].node if "BIS" in self._volumes else None

    @property
    def doubt(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        """None when it is not wanted."""
        return self._volumes["DOUBT"].node if "DOUBT" in self._volumes else None

    def holds(self, node: slicer.vtkMRMLNode) -> bool:
        """Whether the node is one of the results."""
        return any(volume.node is node for volume in self._volumes.values())

    def set_grid(self, grid: ResultGrid) -> None:
        """Gives the results an image of 0 HU (int16) at the place where the source lay when the run began.

        Takes the memory only as it is written.
        """
        self.prepare_grid(grid)
        self.show_grid()

    def prepare_grid(self, grid: ResultGrid) -> None:
        """Makes such an image, to be filled while the results still show what they do: until `show_grid`."""
        for volume in self._volumes.values():
            volume.prepare_grid(grid)

    def show_grid(self) -> None:
        for volume in self._volumes.values():
            volume.show_grid()

    def dls_slices(self) -> np.ndarray:
        """The DLS voxels, slice axis first, to be written in place and then `shown`. Needs `set_grid` before."""
        return self._volumes["DLS"].slices

    def bis_slices(self) -> np.ndarray:
        """The BIS voxels, as `dls_slices`; KeyError when BIS is not wanted."""
        return self._volumes["BIS"].slices

    def doubt_slices(self) -> np.ndarray:
        """The voxels of the doubt, as `dls_slices`; KeyError when it is not wanted."""
        return self._volumes["DOUBT"].slices

    def shown(self) -> None:
        """Tells Slicer that voxels have changed: views draw them again, and nothing else about the views changes."""
        for volume in self._volumes.values():
            if in_scene(volume.node):
                slicer.util.arrayFromVolumeModified(volume.node)

    def finish(self, provenance: Mapping[str, str]) -> None:
        """Writes `provenance` into node attributes `ThinSliceSR.<Key>`; of what the network did, BIS says nothing.

        Takes Unfinished away; Synthetic, Kind, SourceNodeID and SourceSeriesUID stand there from the start.
        """
        for volume in self._volumes.values():
            volume.finish(provenance)
        if in_scene(self.dls):
            self.dls.SetNodeReferenceID(DOUBT_ROLE, self.doubt.GetID() if in_scene(self.doubt) else None)

    def discard(self) -> None:
        """Removes the nodes that the run made; those that it was given become what they were. Not after `finish`."""
        for volume in self._volumes.values():
            volume.discard()


def all_results_of(source: slicer.vtkMRMLScalarVolumeNode) -> list[slicer.vtkMRMLScalarVolumeNode]:
    """The volumes that runs have made of `source`, of those in the scene that have an image."""
    return [result for result in _all_results() if result.GetNodeReferenceID(SOURCE_ROLE) == source.GetID()]


def results_of(source: slicer.vtkMRMLScalarVolumeNode) -> LastResults:
    """The DLS and BIS volumes of `source` that the last run has made, of those that are there with an image."""
    return of_last_run(all_results_of(source))


def of_last_run(results: Iterable[slicer.vtkMRMLScalarVolumeNode]) -> LastResults:
    """The DLS and BIS volumes of the last run that has a DLS volume among these; each None when there is none.

    The order in the scene does not tell: a run may have filled volumes that were there before.
    """
    runs: dict[int, dict[Kind | None, slicer.vtkMRMLScalarVolumeNode]] = {}
    for result in results:
        runs.setdefault(run_of(result), {})[kind_of(result)] = result
    last = max(runs, key=lambda run: ("DLS" in runs[run], run), default=None)
    made = {} if last is None else runs[last]
    return made.get("DLS"), made.get("BIS")


def doubt_of(dls: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode | None:
    """The doubt of the thin slices that this volume holds; None when there is none, or they are not finished yet."""
    doubt = dls.GetNodeReference(DOUBT_ROLE)
    if doubt is None or doubt.GetImageData() is None or kind_of(doubt) != "DOUBT":
        return None
    # A later run without doubt may have filled the DLS volume.
    return doubt if run_of(doubt) == run_of(dls) else None


def results_beside(result: slicer.vtkMRMLScalarVolumeNode) -> list[slicer.vtkMRMLScalarVolumeNode]:
    """This result and those of the same run, also when their input is no more."""
    source_id, run = result.GetAttribute(SOURCE_NODE_ID), run_of(result)
    return [
        other for other in _all_results() if (other.GetAttribute(SOURCE_NODE_ID), run_of(other)) == (source_id, run)
    ]


def _all_results() -> list[slicer.vtkMRMLScalarVolumeNode]:
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [volume for volume in volumes if is_synthetic(volume) and volume.GetImageData() is not None]


def _require_free(
    source: slicer.vtkMRMLScalarVolumeNode, chosen: Mapping[Kind, slicer.vtkMRMLScalarVolumeNode | None]
) -> None:
    """Returns when nothing is lost by filling the chosen nodes."""
    nodes = [node for node in chosen.values() if node is not None]
    if source in nodes:
        sentence = _("A result cannot replace its own input; choose another output volume, or none to make one.")
        raise UnusableInput(sentence, "same_target")
    if len(nodes) == 2 and nodes[0] is nodes[1]:
        sentence = _("DLS and BIS cannot share one output volume; choose another one, or none to make it.")
        raise UnusableInput(sentence, "same_target")
    for kind, node in chosen.items():
        if node is None:
            continue
        # The other kind is refused too: it is easily chosen by mistake.
        is_earlier_result = is_synthetic(node) and kind_of(node) == kind
        if node.GetClassName() != "vtkMRMLScalarVolumeNode" or not (node.GetImageData() is None or is_earlier_result):
            sentence = _("The chosen output volume holds other data, which would be lost; choose none to make it.")
            raise UnusableInput(sentence, "target_exists")
