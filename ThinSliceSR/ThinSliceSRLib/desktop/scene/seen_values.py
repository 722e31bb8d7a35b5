"""What the values of one volume node tell, found piece by piece, and for how long that holds."""

from __future__ import annotations

from collections.abc import Generator

import slicer

from ...engine.errors import UnusableInput
from ...engine.findings.on_values import ValueFindings, on_values_in_pieces
from ...engine.volumes.value_scale import require_scale, require_values_on
from .given_thickness import given_values, told_volume_of

State = tuple[int, tuple[float, float, float], str | None]


class SeenValues:
    """A look at the values of a node as they are when it is made, and what it has found.

    found: None until all are looked at, and where they cannot be on the scale that the user says: `refusal` says so.
    """

    def __init__(self, node: slicer.vtkMRMLScalarVolumeNode, values: str | None = None) -> None:
        """values: the scale of its values, instead of what the user gave. Raises UnusableInput as `volume_of`, and with
        the code `wrong_usage`."""
        require_scale(values)
        told_volume_of(node)
        self.found: ValueFindings | None = None
        self.refusal: UnusableInput | None = None
        self._values = values
        self._state = _state(node, values)

    @property
    def whole(self) -> bool:
        return self.found is not None or self.refusal is not None

    def is_of(self, node: slicer.vtkMRMLScalarVolumeNode, values: str | None = None) -> bool:
        """Whether this is a look at what the node now holds, taken to be on the same scale."""
        return self._state == _state(node, values)

    def in_pieces(self, node: slicer.vtkMRMLScalarVolumeNode) -> Generator[None, None, None]:
        """Looks through the values; ends early, not `whole`, when they are no longer those of the beginning.

        Between two pieces anybody may change the volume. So nothing of it is touched before it is known to be the same.
        """
        look = self._look(node)
        while self.is_of(node, self._values):
            try:
                next(look)
            except StopIteration:
                return
            yield

    def _look(self, node: slicer.vtkMRMLScalarVolumeNode) -> Generator[None, None, None]:
        volume = told_volume_of(node, self._values)
        scale = volume.acquisition.values
        try:
            yield from require_values_on(volume.hu, scale)
        except UnusableInput as error:
            self.refusal = error
            return
        self.found = yield from on_values_in_pieces(volume, scale)


def _state(node: slicer.vtkMRMLScalarVolumeNode, values: str | None) -> State | None:
    """What changes with the node's voxels, with the axis of its slices, and with the scale of its values.

    VTK never gives the same time twice, so another image has another one.
    """
    image = node.GetImageData()
    return None if image is None else (image.GetMTime(), node.GetSpacing(), values or given_values(node))
