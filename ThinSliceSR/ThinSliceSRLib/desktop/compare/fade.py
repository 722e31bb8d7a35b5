"""Fading and flickering between BIS and DLS in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import slicer


class Fade:
    """BIS with DLS over it, in views that the user sees; the eye finds in a flicker what it misses side by side."""

    def __init__(self) -> None:
        self._shown_before: list[_Layers] = []
        self._faded: tuple[slicer.vtkMRMLScalarVolumeNode, ...] = ()

    @property
    def is_on(self) -> bool:
        return bool(self._shown_before)

    @property
    def volumes(self) -> tuple[slicer.vtkMRMLScalarVolumeNode, ...]:
        """BIS and DLS while it is on."""
        return self._faded

    def begin(
        self,
        bis: slicer.vtkMRMLScalarVolumeNode,
        dls: slicer.vtkMRMLScalarVolumeNode,
        views: Sequence[slicer.vtkMRMLSliceNode] | None = None,
    ) -> None:
        """Puts both into these views, DLS fully shown; without views, into the visible ones that show DLS, else all."""
        self.end()
        self._faded = (bis, dls)
        for view in _visible_views_of(dls) if views is None else views:
            composite = slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(view)
            self._shown_before.append(_Layers.of(composite))
            with slicer.util.NodeModify(composite):
                composite.SetCompositing(slicer.vtkMRMLSliceCompositeNode.Alpha)
                composite.SetBackgroundVolumeID(bis.GetID())
                composite.SetForegroundVolumeID(dls.GetID())
                composite.SetForegroundOpacity(1.0)

    def set_share(self, share: float) -> None:
        """How much of DLS is shown, from 0.0 (only BIS) to 1.0 (only DLS)."""
        for before in self._shown_before:
            before.composite.SetForegroundOpacity(share)

    def flicker(self) -> None:
        """Shows the other one: BIS where mostly DLS was, else DLS."""
        if self._shown_before:
            self.set_share(0.0 if self._shown_before[0].composite.GetForegroundOpacity() > 0.5 else 1.0)

    def end(self) -> None:
        """The views show again what they showed before, as far as that is still in the scene.

        What the user has chosen for a view meanwhile stays in it.
        """
        faded_ids = [volume.GetID() for volume in self._faded]
        for before in self._shown_before:
            before.restore(*faded_ids)
        self._shown_before, self._faded = [], ()


@dataclass(frozen=True)
class _Layers:
    """What a slice view showed."""

    composite: slicer.vtkMRMLSliceCompositeNode
    compositing: int
    background_id: str | None
    foreground_id: str | None
    foreground_opacity: float

    @classmethod
    def of(cls, composite: slicer.vtkMRMLSliceCompositeNode) -> _Layers:
        return cls(
            composite,
            composite.GetCompositing(),
            composite.GetBackgroundVolumeID(),
            composite.GetForegroundVolumeID(),
            composite.GetForegroundOpacity(),
        )

    def restore(self, bis_id: str, dls_id: str) -> None:
        """In the place of BIS behind and DLS in front."""
        with slicer.util.NodeModify(self.composite) as composite:
            composite.SetCompositing(self.compositing)
            if composite.GetForegroundVolumeID() == dls_id:
                if composite.GetBackgroundVolumeID() == bis_id:
                    composite.SetBackgroundVolumeID(_id_if_in_scene(self.background_id))
                composite.SetForegroundVolumeID(_id_if_in_scene(self.foreground_id))
            composite.SetForegroundOpacity(self.foreground_opacity)


def _id_if_in_scene(node_id: str | None) -> str | None:
    return node_id if node_id and slicer.mrmlScene.GetNodeByID(node_id) else None


def _visible_views_of(volume: slicer.vtkMRMLScalarVolumeNode) -> list[slicer.vtkMRMLSliceNode]:
    visible = [view for view in slicer.util.getNodesByClass("vtkMRMLSliceNode") if view.IsViewVisibleInLayout()]
    showing = [
        view
        for view in visible
        if slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(view).GetBackgroundVolumeID() == volume.GetID()
    ]
    return showing or visible
