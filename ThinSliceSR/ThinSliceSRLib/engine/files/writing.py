"""Volumes to files: none stands under its final name before all of them are written and checked."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import CannotWrite, ThinSliceError, UnusableInput
from ..outputs.left_overs import remove_left_overs
from ..outputs.replacing import PendingFiles, writing_refusal
from ..outputs.unfinished import unfinished_name
from ..silence import itk_silenced
from ..volumes.geometry import shear_degrees
from ..volumes.hounsfield import as_hu_values
from ..volumes.volume import Volume
from .file_acquisition import THICKNESS_ENTRY
from .gzip_stream import FASTEST
from .nrrd_file import nrrd_grid, nrrd_holds, write_nrrd
from .reading import read_volume

# How far, in mm, a corner may lie off after reading back. NIfTI keeps geometry as float32, and of axes that lean by
# the rounding of their DICOM positions ITK reads the nearest upright ones.
CORNER_TOLERANCE_MM = {".nrrd": 1e-6, ".mha": 1e-6, ".nii": 0.1, ".nii.gz": 0.1}
NIFTI_NOTE_LENGTH = 79


def check_targets(
    targets: Iterable[Path], overwrite: bool = False, grid: Volume | None = None, source: Path | None = None
) -> None:
    """Returns when volumes can be written to all `targets`; to be asked before a long computation.

    source: the input, which no output may replace, whatever is allowed to be overwritten.

    grid: a volume with the axes and the extent of those to be written, if it is known: NIfTI cannot hold leaning axes.
    Raises as `check_places` and UnusableInput (`unknown_suffix`, `same_target`) or CannotWrite (`geometry_lost`).
    """
    targets = [Path(target) for target in targets]
    if source is not None and Path(source).resolve() in [target.resolve() for target in targets]:
        raise UnusableInput("The output would replace the input; give it another name.", "same_target")
    check_places(targets, overwrite)
    for target in targets:
        _suffix(target)
    if grid is not None:
        require_geometry(targets, grid)


def require_geometry(targets: Iterable[Path], grid: Volume) -> None:
    """Returns when files of these names can hold the axes and the extent of `grid`: NIfTI cannot if the axes lean.

    Raises UnusableInput (`unknown_suffix`) or CannotWrite (`geometry_lost`).
    """
    for suffix in map(_suffix, targets):
        if suffix.startswith(".nii") and _lean_mm(grid) > CORNER_TOLERANCE_MM[suffix]:
            raise _geometry_lost(suffix)


def check_places(targets: Sequence[Path], overwrite: bool = False) -> None:
    """Returns when files can be written to all `targets`; also removes what runs that died have left beside them.

    Raises UnusableInput (`same_target`) or CannotWrite (`target_exists`, `no_folder`, `cannot_write`, `no_room`).
    """
    if len({target.resolve() for target in targets}) < len(targets):
        raise UnusableInput("Two outputs have the same name; give each its own.", "same_target")
    for target in targets:
        try:
            _check_place(target, overwrite)
        except OSError as error:
            raise writing_refusal(target.parent, error) from error


class PendingOutputs(PendingFiles):
    """Volumes written beside their targets; they get their names together when the `with` block ends well.

    with PendingOutputs(overwrite) as outputs:
        outputs.write(dls, dls_path, {"ThinSliceSR": "synthetic"})
        outputs.write(bis, bis_path)

    After any exception in the block, nothing of them is left, and what they were to replace is there.
    """

    def __init__(self, overwrite: bool = False, compressed: bool = True) -> None:
        super().__init__()
        self.overwrite = overwrite
        self.compressed = compressed
        self._claimed: set[Path] = set()

    def claim(self, targets: Iterable[Path], source: Path | None = None) -> None:
        """Checks targets before a long computation: `write` takes them as they are, and only the end looks once more.

        source: as of `check_targets`, whose errors it raises.
        """
        targets = [Path(target) for target in targets]
        check_targets(targets, self.overwrite, source=source)
        self._claimed.update(targets)

    def write(self, volume: Volume, target: Path, metadata: Mapping[str, str] | None = None) -> None:
        """Writes `volume` under a temporary name beside `target` (.nrrd, .nii, .nii.gz, .mha) and reads it back.

        HU are stored as int16 or float32 (see `as_hu_values`), compressed where the format allows unless told
        otherwise (a .nii.gz always is). Only NRRD needs no second copy of the volume in memory. NRRD and MetaImage
        keep the geometry as it is (left-handed and leaning axes too) and `metadata` as entries of the header, each on
        one line (ASCII, if MetaImage is to give it back whole); they also tell the thickness of the slices, where it is
        known. NIfTI keeps the geometry as float32, no leaning axes, no thickness, and of the values of `metadata` the
        first 79 characters, in `descrip`.
        Raises as `check_targets` and `CannotWrite` (`no_room`, `cannot_write`, `geometry_lost`).
        """
        target = Path(target)
        if target not in self._claimed:
            check_targets([target, *self._replacements.values()], self.overwrite)
        suffix = _suffix(target)
        temporary = self._new_file(target, suffix)
        values = as_hu_values(volume.hu)
        stored = replace(volume, hu=values)
        entries = _header_entries(metadata or {}, suffix)
        thickness = volume.acquisition.slice_thickness_mm
        if thickness is not None and not suffix.startswith(".nii"):
            entries[THICKNESS_ENTRY] = repr(float(thickness))
        try:
            if suffix == ".nrrd":
                write_nrrd(stored, temporary, entries, self.compressed, new=False)
            else:
                with itk_silenced():
                    _write_interruptibly(stored, temporary, entries, self.compressed)
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
        except (RuntimeError, OSError) as error:
            raise writing_refusal(target.parent, error, values.nbytes) from error
        _require_written(temporary, stored, suffix)

    def _new_file(self, target: Path, suffix: str) -> Path:
        """An empty file to be written. It is there before `discard` can look for it, and not made again after that."""
        with self._lock:
            temporary = self.part_of(target, suffix)
            try:
                temporary.touch()
            except OSError as error:
                raise writing_refusal(target.parent, error) from error
        return temporary

    def ready(self) -> dict[Path, Path]:
        check_places(list(self._replacements.values()), self.overwrite)
        return super().ready()


def _check_place(target: Path, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise CannotWrite(f"There is no folder {target.parent}; create it or choose another.", "no_folder")
    require_writable(target.parent)  # which may also bring back what is the target of others
    if target.is_dir():
        raise CannotWrite(f"{target} is a folder; give the name of a file.")
    if target.exists() and not overwrite:
        raise CannotWrite(f"{target} exists; allow overwriting (--overwrite) or give another name.", "target_exists")


def require_writable(folder: Path) -> None:
    """Returns when files can be created in `folder`; also removes what runs that died left in it. Raises OSError."""
    remove_left_overs(folder)
    # Only trying tells: permission bits say nothing of a read-only disk, nor anything to root.
    with suppress(OSError):  # Linux has files without a name, of which nothing stays even if the process ends here
        os.close(os.open(folder, getattr(os, "O_TMPFILE", 0) | os.O_WRONLY))
        return
    probe = folder / unfinished_name("")
    probe.touch()
    probe.unlink()


def _write_interruptibly(volume: Volume, path: Path, entries: Mapping[str, str], compressed: bool) -> None:
    """Lets ITK write `volume` so that Ctrl-C ends the wait; ITK would keep Python from seeing it for seconds."""
    errors: list[RuntimeError] = []
    image = volume.to_image()
    for key, value in entries.items():
        image.SetMetaData(key, value)

    def write() -> None:
        try:
            sitk.WriteImage(image, str(path), useCompression=compressed, compressionLevel=FASTEST)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)  # on Windows, only a wait that ends lets Ctrl-C through
    if errors:
        raise errors[0]


def _suffix(target: Path) -> str:
    for suffix in CORNER_TOLERANCE_MM:
        if target.name.lower().endswith(suffix):
            return suffix
    raise UnusableInput(
        f"{target.name} has an unknown ending; name the output .nrrd, .nii, .nii.gz or .mha.", "unknown_suffix"
    )


def _header_entries(metadata: Mapping[str, str], suffix: str) -> dict[str, str]:
    """`metadata`, each value on one line, under the names by which ITK writes it into the header of this format."""
    entries = {key: " ".join(value.split()) for key, value in metadata.items()}
    if entries and suffix.startswith(".nii"):
        return {"ITK_FileNotes": "; ".join(entries.values())[:NIFTI_NOTE_LENGTH]}
    return entries


def _require_written(temporary: Path, volume: Volume, suffix: str) -> None:
    """Returns when `temporary` holds the volume: on a full disk ITK may stop without a word."""
    try:
        written = nrrd_grid(temporary) if suffix == ".nrrd" else read_volume(temporary)
        whole = nrrd_holds(temporary, volume) if suffix == ".nrrd" else _same_values(written.hu, volume.hu)
    except (ThinSliceError, RuntimeError, OSError, EOFError) as error:
        if isinstance(error, ThinSliceError) and error.code == "sheared":
            raise _geometry_lost(suffix) from error
        raise writing_refusal(temporary.parent, error, volume.hu.nbytes) from error
    if not whole:
        raise writing_refusal(temporary.parent, None, volume.hu.nbytes)
    if np.abs(_corners(written) - _corners(volume)).max() > CORNER_TOLERANCE_MM[suffix]:
        raise _geometry_lost(suffix)


def _same_values(first: np.ndarray, second: np.ndarray) -> bool:
    return np.array_equal(first, second, equal_nan=second.dtype == np.float32)


def _corners(volume: Volume) -> np.ndarray:
    """The centres of the 8 corner voxels (8, 3), in mm."""
    indices = np.array(list(product((0, 1), repeat=3))) * (np.array(volume.size) - 1)
    return np.asarray(volume.origin_mm) + (indices * volume.spacing_mm) @ np.asarray(volume.direction).T


def _lean_mm(volume: Volume) -> float:
    """How far, in mm, the far end of the longest axis lies from where it would if all axes were at right angles."""
    longest = max(np.array(volume.size) * volume.spacing_mm)
    return float(longest * np.sin(np.radians(shear_degrees(volume.direction))))


def _geometry_lost(suffix: str) -> CannotWrite:
    return CannotWrite(
        f"A {suffix} file cannot hold the geometry of this volume; write .nrrd instead.", "geometry_lost"
    )
