"""What is to be done of a folder, a volume file, a ZIP file of DICOM files, or a list of such paths."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...dicom_in.zip_file import is_zip
from ...errors import UnusableInput, in_plain_words, reason_of
from ...files.nifti_header import read_nifti_header
from ...files.nifti_place import nifti_place
from ...files.reading import PAIR, READERS, itk_reader
from ...files.sidecar import sidecar_of
from ...files.text_headers import text_header_of
from ...files.value_places import locate_values
from ...provenance import entry_key
from ...volumes.slice_steps import ROUNDING_MM, THIN_MM
from ...volumes.volume import Volume
from .copies import each_once
from .listing import LIST_SUFFIXES, listed_paths
from .source import Source, unusable_place, version_of
from .thick_series import thick_series_in

SPREADSHEETS = (".xlsx", ".xls", ".ods")
RESULTS = ("DLS:", "BIS:", "DOUBT:", "unfinished DLS:", "DLS minus BIS:")


def sources_at(place: Path, apart_from: Path, least_thickness_mm: float | None) -> list[Source]:
    """The volumes at `place`: in a folder, at any depth, every volume file and every series of thick chest CT, those in
    ZIP files too; else those of a list or of a ZIP file, or the one volume file that it is.

    apart_from: the folder of the results, which are never taken for volumes to be done; neither are results elsewhere.
    Raises UnusableInput: `not_found`, `not_readable`, `nothing_to_do`.
    """
    place = place.resolve()
    try:
        _require_there(place)
        if place.suffix.lower() in SPREADSHEETS and place.is_file():
            raise UnusableInput(f"{place} is a spreadsheet; save it as .csv, or its paths as .txt.", "not_readable")
        if _is_list(place):
            found = list(_in_list(place, apart_from.resolve(), least_thickness_mm))
        else:
            found = list(_at(place, apart_from.resolve(), least_thickness_mm))
    except OSError as error:
        raise _not_readable(place, error) from error
    if not found:
        raise UnusableInput(f"{place} holds no volume file and no series of thick chest CT.", "nothing_to_do")
    return each_once(found)


def require_apart(place: Path, destination: Path) -> None:
    """Returns when `place` is there and is not the folder of the results. Raises UnusableInput (`not_found`,
    `not_readable`, `wrong_usage`)."""
    try:
        _require_there(place.resolve())
    except OSError as error:
        raise _not_readable(place, error) from error
    if place.resolve() == destination.resolve():
        raise UnusableInput(
            "SOURCE and DESTINATION are the same folder, of which results are never taken for input; give another one.",
            "wrong_usage",
        )


def _require_there(place: Path) -> None:
    if not place.exists():
        raise UnusableInput(f"There is no file or folder {place}; check the path.", "not_found")


def _not_readable(place: Path, error: OSError) -> UnusableInput:
    return UnusableInput(f"{place} cannot be read ({reason_of(error)}); check it and its permissions.", "not_readable")


def _at(place: Path, apart_from: Path, least_thickness_mm: float | None) -> Iterator[Source]:
    """The volumes of a folder or ZIP file, or the file itself."""
    if is_zip(place):
        yield from thick_series_in(place, apart_from, least_thickness_mm)
    elif not place.is_dir():
        yield _of_file(place)
    else:
        folders, packed = [place], []
        for folder in folders:  # which grows by those that links lead to
            files, linked, closed = _files_in(folder, apart_from)
            for path in linked:
                if not any(path == other or other in path.parents for other in (*folders, apart_from)):
                    folders += [path] if path not in place.parents else []
            for path, reason in closed.items():
                yield unusable_place(
                    path, "not_readable", f"The folder cannot be read ({reason}); check its permissions."
                )
            for path in files:
                if is_zip(path):
                    packed.append(path)
                elif _is_volume_file(path) and not _is_result(path):
                    yield replace(_of_file(path), left_out=_why_left_out(path))
                elif _leads_nowhere(path):
                    yield unusable_place(path, "not_found", "This link leads to no file; correct it.")
                elif _is_pair(path):
                    yield Source(path.stem, str(path), left_out=PAIR)
        for path in (*folders, *packed):
            yield from thick_series_in(path, apart_from, least_thickness_mm)


def _files_in(place: Path, apart_from: Path) -> tuple[list[Path], list[Path], dict[Path, str | None]]:
    """All files in a folder at any depth, but hidden ones and those in `apart_from`; where symbolic links to folders
    lead to; and which folders cannot be read, with the reason."""
    files: list[Path] = []
    linked: list[Path] = []
    closed: dict[Path, str | None] = {}

    def refused(error: OSError) -> None:
        closed[Path(error.filename)] = reason_of(error)

    for folder, folders, names in os.walk(place, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".") and Path(folder, name) != apart_from]
        files += [Path(folder, name) for name in names if not name.startswith(".")]
        linked += [Path(folder, name).resolve() for name in sorted(folders) if Path(folder, name).is_symlink()]
    return sorted(files), linked, closed


def _in_list(listing: Path, apart_from: Path, least_thickness_mm: float | None) -> Iterator[Source]:
    for path in listed_paths(listing):
        try:
            path = path.resolve()
            if _is_list(path):
                raise UnusableInput("It is a list itself; put its lines into this one.", "not_readable")
            found = list(_at(path, apart_from, least_thickness_mm))
        except Exception as error:  # noqa: BLE001 - one line must not stop the others
            failure = in_plain_words(error)
            found = [unusable_place(path, failure.code, str(failure))]
        yield from found
        if all(source.left_out for source in found):
            yield unusable_place(path, "nothing_to_do", "It holds no volume file and no thick chest CT.")


def _is_list(path: Path) -> bool:
    return path.suffix.lower() in LIST_SUFFIXES and path.is_file()


def _is_volume_file(path: Path) -> bool:
    return path.name.lower().endswith(tuple(READERS)) and path.is_file()


def _leads_nowhere(path: Path) -> bool:
    """Whether it is a link to a volume file that is not there."""
    return path.name.lower().endswith(tuple(READERS)) and path.is_symlink() and not path.exists()


def _is_pair(path: Path) -> bool:
    """Whether it is the header of a pair of files."""
    return path.suffix.lower() == ".hdr" and any(path.with_suffix(suffix).is_file() for suffix in (".img", ".IMG"))


def _of_file(path: Path) -> Source:
    suffix = next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), path.suffix)
    files = [path]
    try:
        values = locate_values(path) if _is_volume_file(path) else None
        if values:
            files += [file for file in values.paths if file != path]
        if sidecar := sidecar_of(path):
            files.append(sidecar)
    except Exception:  # noqa: BLE001 - its own turn tells what is wrong with it, and stops no other one
        pass
    return Source(path.name[: len(path.name) - len(suffix)], str(path), version=version_of(files))


def _why_left_out(path: Path) -> str:
    """Why a volume file of a folder is passed over: that its slices are thin already, as a DICOM series is; else ""."""
    try:
        grid = Volume(np.empty((0, 0, 0)), _told_spacing_mm(path))
        spacing_mm = grid.spacing_mm[grid.through_plane_axis]
    except Exception:  # noqa: BLE001 - its own turn tells what is wrong with it
        return ""
    return (
        f"Its slices are {spacing_mm:.3g} mm apart, so they are thin already."
        if spacing_mm <= THIN_MM + ROUNDING_MM
        else ""
    )


def _told_spacing_mm(path: Path) -> tuple[float, float, float]:
    """By the header. Raises UnusableInput where it tells none, of which ITK would make 1 mm; also RuntimeError."""
    if path.name.lower().endswith((".nii", ".nii.gz")):
        affine, _ = nifti_place(read_nifti_header(path))
        i, j, k = (float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
        return i, j, k
    i, j, k = (length * text_header_of(path).mm_per_unit for length in itk_reader(path).GetSpacing()[:3])
    return i, j, k


def _is_result(path: Path) -> bool:
    """Whether the file says in its header that it is a result; one that cannot be read does not say so."""
    try:
        reader = itk_reader(path)
        keys = (entry_key("content"), "descrip", "ITK_FileNotes")
        return any(reader.GetMetaData(key).startswith(RESULTS) for key in keys if reader.HasMetaDataKey(key))
    except Exception:  # noqa: BLE001 - whatever ITK or Python make of its header
        return False
