"""What the panel tells of the chosen input: one line of facts, and what speaks against it or asks for care."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from ...engine.errors import UnusableInput
from ...engine.events.finding import Finding
from ...engine.findings.checked_volume import check_volume
from ...engine.findings.on_values import ValueFindings
from ...engine.volumes.geometry import OBLIQUE_DEGREES, SHEAR_TOLERANCE_DEGREES
from ...engine.volumes.pieces import whole
from ...engine.volumes.slab_profile import slab_profile_of
from ...engine.volumes.tilted_gantry import is_correctable, lean_degrees
from ...engine.volumes.volume import Volume
from .given_thickness import told_volume_of
from .seen_values import SeenValues


def facts_line(node: slicer.vtkMRMLScalarVolumeNode) -> str:
    """Such as "64 slices, 5 mm thick, every 4 mm · 512×512 · axial CT", or the sentence that says why the node is no
    volume.

    The slices are those along the through-plane axis; how they lie is told without parent transforms.
    """
    try:
        volume = told_volume_of(node)
    except UnusableInput as error:
        return str(error)
    axis = volume.through_plane_axis
    columns, rows = (volume.size[other] for other in range(3) if other != axis)
    thickness = volume.acquisition.slice_thickness_mm
    if thickness is None:
        line = _("{count} slices every {spacing} mm · {columns}×{rows} · {kind}")
    else:
        line = _("{count} slices, {thickness} mm thick, every {spacing} mm · {columns}×{rows} · {kind}")
    return line.format(
        count=volume.size[axis],
        thickness=_millimetres(thickness or 0),
        spacing=_millimetres(volume.spacing_mm[axis]),
        columns=columns,
        rows=rows,
        kind=" ".join(filter(None, (_orientation(volume), volume.acquisition.modality))),
    )


def findings(
    node: slicer.vtkMRMLScalarVolumeNode, values: str | None = None, seen: SeenValues | None = None
) -> list[Finding]:
    """What the engine's `check` finds, errors first, and whether a warping transform lies on the volume.

    values: the scale of its values, instead of what the user gave. seen: a look at them, whose findings count as far as
    it has come, unless they have changed since; None looks at all of them here.
    """
    try:
        if seen is None or not seen.is_of(node, values):
            seen = SeenValues(node, values)
            whole(seen.in_pieces(node))
        if seen.refusal is not None:
            raise seen.refusal
        volume, found_on_values = told_volume_of(node, values), seen.found
        # Results lie on the grid of the node, so its slices are not moved.
        found = check_volume(volume, moves_slices=False, seen=found_on_values.findings if found_on_values else ())
        found = [_in_the_panel(finding, volume, found_on_values) for finding in found]
        if is_correctable(volume):
            found = [finding for finding in found if finding.code != "sheared"]
            found.insert(0, _tilted(lean_degrees(volume)))
    except UnusableInput as error:
        return [Finding("error", error.code, str(error))]
    transform = node.GetParentTransformNode()
    if transform is not None and not transform.IsTransformToWorldLinear():
        lean = _lean_in_world(node, volume)
        if lean > SHEAR_TOLERANCE_DEGREES:
            return [_tilted(lean), *found]
        message = _(
            "The volume is under a warping transform (Slicer adds one to uneven slices), which the synthesis does not "
            "see; look at the result with care."
        )
        found.append(Finding("warning", "warped", message))
    return found


def _tilted(degrees: float) -> Finding:
    """That the stack leans: its results would lie on a grid that is not the node's."""
    message = _(
        "The gantry was tilted by {degrees} degrees, which this panel cannot correct; make the thin slices from the "
        "DICOM files on the command line (thinslicesr synthesize), which moves them upright, and load the result."
    )
    return Finding("error", "tilted", message.format(degrees=f"{degrees:.1f}"))


def _lean_in_world(node: slicer.vtkMRMLScalarVolumeNode, volume: Volume) -> float:
    """How many degrees the stack leans under its warping transform, which is how Slicer's DICOM reader keeps a tilt.

    A volume of that reader is upright itself, and a grid transform moves each of its slices to where it was scanned.
    """
    to_ras = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(to_ras)

    def in_world(index: list[float]) -> np.ndarray:
        point = [0.0, 0.0, 0.0]
        node.TransformPointToWorld(to_ras.MultiplyPoint([*index, 1.0])[:3], point)
        return np.array(point)

    first, ends = in_world([0.0, 0.0, 0.0]), []
    for axis, count in enumerate(volume.size):
        index = [0.0, 0.0, 0.0]
        index[axis] = count - 1.0
        ends.append(in_world(index) - first)
    along = ends.pop(volume.through_plane_axis)
    normal = np.cross(*ends)
    lengths = float(np.linalg.norm(along) * np.linalg.norm(normal))
    return float(np.degrees(np.arccos(min(1.0, abs(float(along @ normal)) / lengths)))) if lengths else 0.0


def require_fit(
    node: slicer.vtkMRMLScalarVolumeNode, values: str | None = None, seen: SeenValues | None = None
) -> list[Finding]:
    """What `findings` tells, when nothing of it forbids a synthesis. Raises UnusableInput with the first that does.

    seen: as of `findings`, but only a whole look counts.
    """
    found = findings(node, values, seen if seen is not None and seen.whole else None)
    for finding in found:
        if finding.level == "error":
            raise UnusableInput(finding.message, finding.code)
    return found


def _orientation(volume: Volume) -> str:
    normal = np.abs(volume.direction[:, volume.through_plane_axis])
    names = (_("sagittal"), _("coronal"), _("axial"))
    nearest = int(np.argmax(normal))
    degrees = np.degrees(np.arccos(min(1.0, normal[nearest] / np.linalg.norm(normal))))
    return names[nearest] if degrees <= OBLIQUE_DEGREES else _("oblique")


def _in_the_panel(finding: Finding, volume: Volume, on_values: ValueFindings | None) -> Finding:
    """The finding, in other words where its own name an option of the command line.

    on_values: what the values tell, as far as that is known.
    """
    sentences = {
        "already_thin": _(
            "The slices are only {spacing} mm apart, so they are thin already; use this volume as it is."
        ),
        "thickness_unknown": _(
            "Nothing says how thick the slices are, so they are taken to be as thick as they are apart, {spacing} mm; "
            "if they are not, give their thickness under Advanced."
        ),
        "thickness_doubtful": _(
            "The slices are said to be {thickness} mm thick but are {spacing} mm apart, so they are taken to be "
            "{taken} mm thick; if the first number is wrong, give the true thickness under Advanced."
        ),
        "sidecar_unreadable": _(
            "The JSON file beside the volume cannot be understood, so what it says of slice thickness or modality is "
            "not used; convert the series again, or give the thickness under Advanced."
        ),
    }
    low = high = 0.0
    if on_values is not None:
        sentences["not_hu"] = _not_hu_sentence(on_values.kind)
        low, high = on_values.low, on_values.high
    if finding.code not in sentences:
        return finding
    profile = slab_profile_of(volume)
    sentence = sentences[finding.code].format(
        thickness=_millimetres(volume.acquisition.slice_thickness_mm or 0),
        spacing=_millimetres(profile.spacing_mm),
        taken=_millimetres(profile.thickness_mm),
        low=f"{low:.4g}",
        high=f"{high:.4g}",
    )
    return replace(finding, message=sentence)


def _not_hu_sentence(kind: str | None) -> str:
    if kind == "unit":
        return _(
            "The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like "
            "0 to 1 for -1024 to 2048 HU: if they are that, say so under Advanced (Values)."
        )
    if kind == "offset":
        return _(
            "The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like "
            "HU with 1024 added: if they are that, say so under Advanced (Values)."
        )
    return _(
        "The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest (air near -1000); "
        "choose a CT in HU, not MR, a mask or a picture of other grey values."
    )


def _millimetres(length: float) -> str:
    """With two decimals at most."""
    return f"{length:.2f}".rstrip("0").rstrip(".")
