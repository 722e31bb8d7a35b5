"""What the panel tells of the chosen input: one line of facts, and what speaks against it or asks for care."""

from __future__ import annotations

import numpy as np
import slicer
from slicer.i18n import tr as _

from ..engine.errors import UnusableInput
from ..engine.volumes.findings import Finding, check_volume
from ..engine.volumes.geometry import OBLIQUE_DEGREES
from ..engine.volumes.volume import Volume
from .volume_nodes import volume_of


def facts_line(node: slicer.vtkMRMLScalarVolumeNode) -> str:
    """Such as "64 slices of 5.0 mm · 512×512 · axial CT", or the sentence that says why the node is no volume.

    The slices are those along the through-plane axis; how they lie is told without parent transforms.
    """
    try:
        volume = volume_of(node)
    except UnusableInput as error:
        return str(error)
    axis = volume.through_plane_axis
    columns, rows = (volume.size[other] for other in range(3) if other != axis)
    return _("{count} slices of {spacing} mm · {columns}×{rows} · {kind}").format(
        count=volume.size[axis],
        spacing=_millimetres(volume.spacing_mm[axis]),
        columns=columns,
        rows=rows,
        kind=" ".join(filter(None, (_orientation(volume), volume.acquisition.modality))),
    )


def findings(node: slicer.vtkMRMLScalarVolumeNode) -> list[Finding]:
    """What the engine's `check` finds, errors first, and whether a warping transform lies on the volume."""
    try:
        found = check_volume(volume_of(node))
    except UnusableInput as error:
        return [Finding("error", error.code, str(error))]
    transform = node.GetParentTransformNode()
    if transform is not None and not transform.IsTransformToWorldLinear():
        message = _(
            "The volume is under a warping transform (Slicer adds one to uneven slices or a tilted gantry), which the "
            "synthesis does not see; look at the result with care."
        )
        found.append(Finding("warning", "warped", message))
    return found


def require_fit(node: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Returns when nothing that `findings` tells forbids a synthesis. Raises UnusableInput with the first that does."""
    for finding in findings(node):
        if finding.level == "error":
            raise UnusableInput(finding.message, finding.code)


def _orientation(volume: Volume) -> str:
    normal = np.abs(volume.direction[:, volume.through_plane_axis])
    names = (_("sagittal"), _("coronal"), _("axial"))
    nearest = int(np.argmax(normal))
    degrees = np.degrees(np.arccos(min(1.0, normal[nearest] / np.linalg.norm(normal))))
    return names[nearest] if degrees <= OBLIQUE_DEGREES else _("oblique")


def _millimetres(length: float) -> str:
    """With one decimal, or two where they are needed."""
    text = f"{length:.2f}"
    return text[:-1] if text.endswith("0") else text
