"""What slice views showed before a result took its place in them, so that they can go back to it."""

from __future__ import annotations

from collections.abc import Iterable

import slicer

from .comparison_layout import COMPARISON_VIEWS

LAYERS = ("Background", "Foreground")


class ViewHistory:
    """Puts results into views, and takes volumes out of them: then a view shows what it showed before, or nothing."""

    def __init__(self) -> None:
        # By the ids of the view and of the volume that it shows, which of them hold no volume in memory.
        self._former: dict[tuple[str, str], str] = {}
        self._last_changed: set[str] = set()
        self._shown: dict[tuple[str, str], str | None] = {}

    def show(self, volume: slicer.vtkMRMLScalarVolumeNode, views: Iterable[slicer.vtkMRMLSliceCompositeNode]) -> None:
        """The views show the volume in their background from now on."""
        self._last_changed = set()
        for view in views:
            former_id = view.GetBackgroundVolumeID()
            if former_id and former_id != volume.GetID():
                self._former[view.GetID(), volume.GetID()] = former_id
                self._last_changed.add(view.GetID())
                view.SetBackgroundVolumeID(volume.GetID())

    def turn_to(
        self,
        volume: slicer.vtkMRMLScalarVolumeNode,
        views: Iterable[slicer.vtkMRMLSliceCompositeNode],
        source: slicer.vtkMRMLScalarVolumeNode,
    ) -> None:
        """The views show the source or a result of it; when that goes, they show the source."""
        for view in views:
            if volume is not source:
                self._former.setdefault((view.GetID(), volume.GetID()), source.GetID())
            view.SetBackgroundVolumeID(volume.GetID())

    def of_the_user(self) -> list[slicer.vtkMRMLSliceCompositeNode]:
        """All views but those of the comparison."""
        return [view for view in _views() if view.GetLayoutName() not in COMPARISON_VIEWS]

    def undo_show(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Undoes the last `show`, which was of this volume, in the views that still show it."""
        for view in _views():
            if view.GetID() in self._last_changed and view.GetBackgroundVolumeID() == volume.GetID():
                view.SetBackgroundVolumeID(self._former_id(view, volume.GetID()))
        self._last_changed = set()

    def take_out(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        """No view shows the volume from now on."""
        for view in _views():
            for layer in LAYERS:
                if _shown(view, layer) == volume.GetID():
                    former_id = self._former_id(view, volume.GetID()) if layer == "Background" else None
                    _show(view, layer, former_id)
        self._shown = {(view.GetID(), layer): _shown(view, layer) for view in _views() for layer in LAYERS}

    def show_again(self) -> None:
        """Undoes what Slicer's selectors have done to views since the last `take_out`.

        Within a batch they do not see what it did, and move on to a neighbour of the volume, with all linked views.
        """
        for view in _views():
            for layer in LAYERS:
                wanted = self._shown.get((view.GetID(), layer))
                if (view.GetID(), layer) in self._shown and _shown(view, layer) != wanted:
                    _show(view, layer, wanted)
        self._shown = {}

    def forget(self) -> None:
        """The scene is closed: its ids will be those of other nodes."""
        self._former, self._last_changed, self._shown = {}, set(), {}

    def _former_id(self, view: slicer.vtkMRMLSliceCompositeNode, volume_id: str) -> str | None:
        """The last that the view showed before and that is in the scene."""
        seen = {volume_id}
        former_id = self._former.get((view.GetID(), volume_id))
        while former_id and former_id not in seen and slicer.mrmlScene.GetNodeByID(former_id) is None:
            seen.add(former_id)
            former_id = self._former.get((view.GetID(), former_id))
        return None if former_id in seen else former_id


def _views() -> list[slicer.vtkMRMLSliceCompositeNode]:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")


def _shown(view: slicer.vtkMRMLSliceCompositeNode, layer: str) -> str | None:
    return getattr(view, f"Get{layer}VolumeID")()


def _show(view: slicer.vtkMRMLSliceCompositeNode, layer: str, volume_id: str | None) -> None:
    getattr(view, f"Set{layer}VolumeID")(volume_id)
