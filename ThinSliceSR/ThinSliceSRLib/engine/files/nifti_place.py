"""Where the voxels of a NIfTI file lie: by its sform, else its qform, and never by one that another part contradicts.

The sform goes before the qform, as nibabel has it; ITK would mix the spacing of one with the directions of the other.
"""

from __future__ import annotations

import numpy as np

from ..errors import UnusableInput
from ..events.finding import Finding
from ..volumes.geometry import NO_SPACING, shear_degrees
from .nifti_header import NiftiHeader

FORMS_SPACING_TOLERANCE = 2e-3
AXES_TOLERANCE_DEGREES = 0.2
ORIGIN_TOLERANCE_MM = 0.1
# A quaternion of float32 numbers may be so much longer than 1.
QUATERNION_TOLERANCE = 3 * np.finfo(np.float32).eps


def nifti_place(header: NiftiHeader) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """The 4×4 matrix from (i, j, k) to patient coordinates RAS in mm, and warnings about it.

    Raises UnusableInput: `contradiction` (two parts of the header place the voxels differently) or `no_place`.
    """
    sform = _sform(header) if header.sform_code > 0 else None
    qform = _qform(header) if header.qform_code > 0 else None
    told = sform if sform is not None else qform
    if told is None:
        return _place_by_spacing(header), (_warning_without_place(),)
    warnings = []
    if sform is not None and qform is not None:
        _require_agreement(sform, qform, "qform")
        apart_mm = float(np.linalg.norm(sform[:3, 3] - qform[:3, 3])) * header.mm_per_unit
        if apart_mm > ORIGIN_TOLERANCE_MM:
            message = (
                f"The sform and the qform of the file place the volume {apart_mm:.1f} mm apart; the sform was "
                "followed, so compare its place with other scans before you rely on it."
            )
            warnings.append(Finding("warning", "origins_differ", message))
    elif min(header.sform_code, header.qform_code) > 0:
        followed, passed_over = ("sform", "qform") if sform is not None else ("qform", "sform")
        message = f"The {passed_over} of the file is no transform (zeros or no numbers); its {followed} was followed."
        warnings.append(Finding("warning", "form_unusable", message))
    spacing = _spacing(header)
    if spacing is not None and sform is not None and qform is None:
        _require_agreement(sform, np.diag([*spacing, 1.0]), "pixdim", axes=False)
    return _in_mm(told, header.mm_per_unit), tuple(warnings)


def _sform(header: NiftiHeader) -> np.ndarray | None:
    form = np.vstack([header.sform, [0, 0, 0, 1]])
    return form if _is_transform(form) else None


def _qform(header: NiftiHeader) -> np.ndarray | None:
    """By the quaternion (b, c, d) and the offset, as nifti1.h has it in method 2."""
    b, c, d = header.qform[:3]
    rest = 1 - (b * b + c * c + d * d)
    spacing = np.abs(header.pixdim[1:])
    if not (np.isfinite(header.qform).all() and np.isfinite(spacing).all() and rest >= -QUATERNION_TOLERANCE):
        return None
    a = np.sqrt(max(rest, 0))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    form = np.eye(4)
    form[:3, :3] = rotation * spacing * [1, 1, -1 if header.pixdim[0] == -1 else 1]
    form[:3, 3] = header.qform[3:]
    return form if _is_transform(form) else None


def _is_transform(form: np.ndarray) -> bool:
    """Whether it gives each voxel a place of its own."""
    if not np.isfinite(form).all():
        return False
    lengths = np.linalg.norm(form[:3, :3], axis=0)
    return bool(lengths.min() > 0 and abs(np.linalg.det(form[:3, :3] / lengths)) > 1e-3)


def _spacing(header: NiftiHeader) -> np.ndarray | None:
    """The spacing by pixdim; None where it was left as it was, at zeros or ones, or is no numbers."""
    spacing = np.abs(header.pixdim[1:])
    told = np.isfinite(spacing).all() and spacing.min() > 0 and not (spacing == 1).all()
    return spacing if told else None


def _require_agreement(sform: np.ndarray, other: np.ndarray, name: str, axes: bool = True) -> None:
    spacings = [np.linalg.norm(one[:3, :3], axis=0) for one in (sform, other)]
    directions = [one[:3, :3] / spacing for one, spacing in zip((sform, other), spacings, strict=True)]
    # Neither qform nor pixdim has shear: they tell the upright grid nearest to a sheared one.
    shear = np.radians(shear_degrees(sform[:3, :3]))
    tolerance = np.radians(AXES_TOLERANCE_DEGREES) + shear
    cosine = min((directions[0] * directions[1]).sum(axis=0)) if axes else 1.0
    same_spacing = np.allclose(spacings[0], spacings[1], rtol=FORMS_SPACING_TOLERANCE + 1 / np.cos(shear) - 1, atol=0)
    if same_spacing and cosine >= np.cos(tolerance):
        return
    first, second = (" × ".join(f"{value:.4g}" for value in spacing) for spacing in spacings)
    raise UnusableInput(
        f"The header of this file contradicts itself: its sform (voxels of {first} mm) and its {name} (voxels of "
        f"{second} mm) place the voxels differently; convert the scan anew, or correct the header.",
        "contradiction",
    )


def _place_by_spacing(header: NiftiHeader) -> np.ndarray:
    """That of files without a form, as nibabel has it: the volume around the origin, its columns from right to left."""
    spacing = _spacing(header)
    if header.sform_code == 0 and not np.abs(header.pixdim[1:]).min() > 0:  # of which the qform too takes its lengths
        raise UnusableInput(NO_SPACING, "no_place")
    if max(header.sform_code, header.qform_code) > 0 or spacing is None:
        raise UnusableInput(
            "The header of this file does not say where its voxels lie: its sform and qform are missing or no "
            "transforms (zeros or no numbers); convert the scan anew, or correct the header.",
            "no_place",
        )
    extents = np.array([*header.dimensions, 1, 1, 1][:3])
    axes = np.array([-1, 1, 1]) * spacing
    form = np.diag([*axes, 1.0])
    form[:3, 3] = -(extents - 1) / 2 * axes
    return _in_mm(form, header.mm_per_unit)


def _warning_without_place() -> Finding:
    message = (
        "The header of the file does not say how the patient lies (neither sform nor qform), so left and right may be "
        "exchanged; compare with the scan that it was made from."
    )
    return Finding("warning", "no_orientation", message)


def _in_mm(form: np.ndarray, mm_per_unit: float) -> np.ndarray:
    return np.diag([mm_per_unit] * 3 + [1.0]) @ form
