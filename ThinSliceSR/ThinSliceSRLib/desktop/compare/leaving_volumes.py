"""Volumes that leave the scene: what showed them or had chosen them turns to nothing, never to a neighbour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import slicer
import vtk

from ..scene.result_nodes import all_results_of
from ..scene.synthetic_mark import is_synthetic
from .view_history import ViewHistory

BEFORE_OTHERS = 1.0
"""Priority of the observer that puts views right: others of the module may show something else in them then."""


class LeavingVolumes:
    """Sees that nobody is shown a volume that nobody chose when an input or a result is deleted, by whomever.

    Slicer's own selectors (qMRMLNodeComboBox; a slice view has some too) move on to the neighbour of a chosen volume
    that leaves the scene, and views with them, which may show another patient then. They do so in an answer to
    NodeAboutToBeRemovedEvent, of a priority below the usual; so an observer of that event comes in time, and one of
    NodeRemovedEvent too late. Volumes that have nothing to do with this module are left to Slicer.
    """

    def __init__(
        self,
        selectors: Sequence[Any],
        views: ViewHistory,
        on_leaving: Callable[[slicer.vtkMRMLScalarVolumeNode], None],
    ) -> None:
        """selectors: the panel's. on_leaving: is told first, while the volume is still in the scene."""
        self._selectors = selectors
        self._views = views
        self._on_leaving = on_leaving
        self._leaving_id: str | None = None
        scene = slicer.mrmlScene
        self._observations = [
            scene.AddObserver(scene.NodeAboutToBeRemovedEvent, self._about_to_leave),
            scene.AddObserver(scene.NodeRemovedEvent, self._has_left, BEFORE_OTHERS),
            scene.AddObserver(scene.StartCloseEvent, lambda *_arguments: views.forget()),
        ]

    def close(self) -> None:
        for observation in self._observations:
            slicer.mrmlScene.RemoveObserver(observation)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _about_to_leave(self, scene: slicer.vtkMRMLScene, _event: str, node: slicer.vtkMRMLNode) -> None:
        if scene.IsClosing() or not node.IsA("vtkMRMLScalarVolumeNode"):
            return
        chosen = [selector for selector in self._selectors if selector.currentNode() is node]
        if chosen or is_synthetic(node) or all_results_of(node):
            self._on_leaving(node)
            for selector in chosen:
                selector.setCurrentNode(None)
            self._views.take_out(node)  # last: the others may still change what views show
            self._leaving_id = node.GetID()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _has_left(self, _scene: slicer.vtkMRMLScene, _event: str, node: slicer.vtkMRMLNode) -> None:
        if node.GetID() == self._leaving_id:
            self._leaving_id = None
            self._views.show_again()
