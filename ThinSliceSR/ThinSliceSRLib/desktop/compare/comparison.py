"""The comparison: thick, BIS, DLS and thin side by side in linked views, and back to the user's own views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from ...engine.errors import ThinSliceError
from ..scene.windows import LinkedWindows
from ..worker.later import later
from .comparison_layout import (
    ROWS,
    is_comparison_layout,
    layout_id,
    let_views_shrink,
    register_layouts,
    view_name,
)


def no_views_sentence() -> str:
    return _("This Slicer has no views to compare in; start it with its main window.")


def has_views() -> bool:
    """Whether this Slicer has views, as it has with its main window."""
    return _layout_node() is not None


@dataclass(frozen=True)
class ComparedVolumes:
    """The volumes of one patient that lie in the same place; without BIS or thin its column is left out."""

    thick: slicer.vtkMRMLScalarVolumeNode
    bis: slicer.vtkMRMLScalarVolumeNode | None
    dls: slicer.vtkMRMLScalarVolumeNode
    thin: slicer.vtkMRMLScalarVolumeNode | None = None

    def by_column(self) -> dict[str, slicer.vtkMRMLScalarVolumeNode]:
        """Volume by column, from left to right."""
        columns = {"thick": self.thick, "BIS": self.bis, "DLS": self.dls, "thin": self.thin}
        return {column: volume for column, volume in columns.items() if volume is not None}


class Comparison:
    """Shows volumes in views of its own, one row per orientation, one column per volume.

    The views of a row show one plane at one scale. That plane is the thick volume's own (where that is oblique, the
    axial row is oblique too): only there does the thick column show the slices as they were acquired, and the
    synthetic volumes share its axes. Scrolling, panning and zooming one view moves its row (vtkMRMLSliceLinkLogic);
    zooming, the other rows too, so all rows start at one scale. The crosshair (Shift and mouse) moves all rows.
    """

    def __init__(self, on_left: Callable[[], None] = lambda: None) -> None:
        """on_left: the comparison is shown no more, whoever has changed the layout."""
        self._on_left = on_left
        self._volumes: ComparedVolumes | None = None
        self._rows: tuple[str, ...] = ROWS
        self._before: _UserState | None = None
        self._observation: int | None = None
        self._windows = LinkedWindows()

    @property
    def volumes(self) -> ComparedVolumes | None:
        """What is compared now."""
        return self._volumes

    @property
    def rows(self) -> tuple[str, ...]:
        """Which rows are shown now, or were last."""
        return self._rows

    @property
    def is_shown(self) -> bool:
        """Whether the comparison is in the view area now; the user may leave it by Slicer's layout menu, too."""
        layout_node = _layout_node()
        return layout_node is not None and is_comparison_layout(layout_node.GetViewArrangement())

    def show(
        self,
        volumes: ComparedVolumes,
        position_ras: Sequence[float] | None = None,
        rows: Sequence[str] = ROWS,
    ) -> None:
        """Shows these volumes at a position (RAS of the world, mm), else at the middle of the thick volume.

        rows: all of ROWS, or one of them, whose views are larger then.
        Other results of the thick volume that is shown already take the place of those, where the user looks.
        Raises ThinSliceError (`no_views`) in a Slicer without views.
        """
        layout_node = _layout_node()
        if layout_node is None:
            raise ThinSliceError(no_views_sentence(), "no_views")
        shown = self._volumes if self.is_shown else None
        stays = (
            shown is not None
            and shown.thick is volumes.thick
            and shown.by_column().keys() == volumes.by_column().keys()
            and self._rows == tuple(rows)
        )
        if not self.is_shown:
            self._before = _UserState.of(layout_node)
        self._volumes, self._rows = volumes, tuple(rows)
        register_layouts(layout_node)
        layout_node.RemoveAllMaximizedViewNodes()
        layout_node.SetViewArrangement(layout_id(tuple(volumes.by_column()), rows))
        if self._observation is None:
            self._observation = layout_node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_layout_modified)
        for column, volume in volumes.by_column().items():
            for row in rows:
                _show_volume(_slice_node(row, column), volume)
        _set_crosshair(slicer.vtkMRMLCrosshairNode.ShowIntersection, slicer.vtkMRMLCrosshairNode.OffsetJumpSlice)
        self._windows.link(tuple(volumes.by_column().values()))
        if stays and position_ras is None:
            return
        self.fit(position_ras)
        # Views that were just made get their size from Qt only when it lays them out.
        later(lambda: self.fit(position_ras))

    def back(self) -> None:
        """Back to the layout, maximized views and crosshair from before; the user's views were never touched."""
        layout_node = _layout_node()
        if layout_node is None or not self.is_shown:
            return
        layout_node.RemoveAllMaximizedViewNodes()
        if self._before is None:  # a scene was opened that had been saved during a comparison
            layout_node.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutInitialView)
            return
        layout_node.SetViewArrangement(self._before.layout)
        for view_id in self._before.maximized_view_ids:
            if slicer.mrmlScene.GetNodeByID(view_id):
                layout_node.AddMaximizedViewNode(slicer.mrmlScene.GetNodeByID(view_id))

    def fit(self, position_ras: Sequence[float] | None = None) -> None:
        """The whole volume in every view, all at one scale; the planes go through the position (RAS, mm).

        Does nothing when the comparison is not shown or its volumes were deleted.
        """
        if not self.is_shown or self._volumes is None:
            return
        columns = self._volumes.by_column()
        reference = next((volume for volume in columns.values() if _is_usable(volume)), None)
        if reference is None:
            return
        let_views_shrink(self._rows, tuple(columns))
        rows = {row: [_slice_node(row, column) for column in columns] for row in self._rows}
        planes = {row: _plane(views[0], row, reference, position_ras) for row, views in rows.items()}
        mm_per_pixel = max(_fitting_scale(reference, planes[row], view) for row in rows for view in rows[row])
        for row, views in rows.items():
            for view in views:
                _show_plane(view, planes[row], mm_per_pixel)

    def _on_layout_modified(self, layout_node: slicer.vtkMRMLLayoutNode, _event: str) -> None:
        if self.is_shown:
            return
        layout_node.RemoveObserver(self._observation)
        self._observation = None
        self._volumes = None
        self._windows.unlink()
        if self._before is not None:
            _set_crosshair(self._before.crosshair_mode, self._before.crosshair_behavior)
        self._on_left()


@dataclass(frozen=True)
class _UserState:
    """What the comparison changes outside its own views."""

    layout: int
    maximized_view_ids: tuple[str, ...]
    crosshair_mode: int
    crosshair_behavior: int

    @classmethod
    def of(cls, layout_node: slicer.vtkMRMLLayoutNode) -> _UserState:
        maximized = (
            layout_node.GetMaximizedViewNode(index) for index in range(layout_node.GetNumberOfMaximizedViewNodes())
        )
        crosshair = _crosshair_node()
        return cls(
            layout=layout_node.GetViewArrangement(),
            maximized_view_ids=tuple(view.GetID() for view in maximized if view),
            crosshair_mode=crosshair.GetCrosshairMode(),
            crosshair_behavior=crosshair.GetCrosshairBehavior(),
        )


def _layout_node() -> slicer.vtkMRMLLayoutNode | None:
    # The layout manager's own layout node is this one, and it follows every change of it.
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")


def _slice_node(row: str, column: str) -> slicer.vtkMRMLSliceNode:
    return slicer.mrmlScene.GetSingletonNode(view_name(row, column), "vtkMRMLSliceNode")


def _crosshair_node() -> slicer.vtkMRMLCrosshairNode:
    return slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")


def _set_crosshair(mode: int, behavior: int) -> None:
    # Jumping "centered" would centre the other views of a row but not the one under the mouse.
    with slicer.util.NodeModify(_crosshair_node()) as crosshair:
        crosshair.SetCrosshairMode(mode)
        crosshair.SetCrosshairBehavior(behavior)


def _show_volume(view: slicer.vtkMRMLSliceNode, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
    with slicer.util.NodeModify(slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(view)) as composite:
        composite.SetBackgroundVolumeID(volume.GetID())
        composite.SetForegroundVolumeID(None)
        composite.SetLabelVolumeID(None)
        composite.LinkedControlOn()
        composite.HotLinkedControlOn()
        composite.SetDoPropagateVolumeSelection(False)  # else a volume that is loaded meanwhile fills every column


def _is_usable(volume: slicer.vtkMRMLScalarVolumeNode) -> bool:
    return volume.GetScene() is not None and volume.GetImageData() is not None


def _plane(
    view: slicer.vtkMRMLSliceNode,
    orientation: str,
    volume: slicer.vtkMRMLScalarVolumeNode,
    position_ras: Sequence[float] | None,
) -> vtk.vtkMatrix4x4:
    """SliceToRAS of the volume's plane nearest to the orientation, through the position, centred on the volume."""
    with slicer.util.NodeModify(view):
        view.SetOrientation(orientation)
        transform = volume.GetParentTransformNode()
        if transform is None or transform.IsTransformToWorldLinear():  # a warped volume has no plane of its own
            view.RotateToVolumePlane(volume)
    plane = vtk.vtkMatrix4x4()
    plane.DeepCopy(view.GetSliceToRAS())
    bounds = np.zeros(6)
    volume.GetRASBounds(bounds)
    centre = bounds.reshape(3, 2).mean(axis=1)
    position = _middle_voxel(volume) if position_ras is None else np.asarray(position_ras)
    normal = np.array([plane.GetElement(axis, 2) for axis in range(3)])
    for axis, value in enumerate(centre + normal * np.dot(position - centre, normal)):
        plane.SetElement(axis, 3, value)
    return plane


def _middle_voxel(volume: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """RAS of the world of a voxel's centre, so that the axial row shows a slice that was acquired."""
    index_to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(index_to_ras)
    middle = [size // 2 for size in volume.GetImageData().GetDimensions()]
    position = np.zeros(3)
    volume.TransformPointToWorld(index_to_ras.MultiplyPoint((*middle, 1.0))[:3], position)
    return position


def _fitting_scale(
    volume: slicer.vtkMRMLScalarVolumeNode, plane: vtk.vtkMatrix4x4, view: slicer.vtkMRMLSliceNode
) -> float:
    """Millimetres per pixel at which the whole volume is in the view."""
    ras_to_slice = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(plane, ras_to_slice)
    bounds = np.zeros(6)
    volume.GetSliceBounds(bounds, ras_to_slice)
    width_mm, height_mm = np.ptp(bounds.reshape(3, 2), axis=1)[:2]
    width, height = _size(view)
    return max(width_mm / width, height_mm / height)


def _show_plane(view: slicer.vtkMRMLSliceNode, plane: vtk.vtkMatrix4x4, mm_per_pixel: float) -> None:
    width, height = _size(view)
    with slicer.util.NodeModify(view):
        view.GetSliceToRAS().DeepCopy(plane)
        view.SetXYZOrigin(0.0, 0.0, 0.0)
        view.SetFieldOfView(width * mm_per_pixel, height * mm_per_pixel, view.GetFieldOfView()[2])
        view.UpdateMatrices()


def _size(view: slicer.vtkMRMLSliceNode) -> tuple[int, int]:
    """Width and height in pixels, at least 1: a view that was never laid out may have none."""
    width, height, _depth = view.GetDimensions()
    return max(width, 1), max(height, 1)
