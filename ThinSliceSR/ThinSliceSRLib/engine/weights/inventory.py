"""Which weights lie where, whether they are what they should be, and how they come into the user's folder and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NoReturn

from ..errors import CannotWrite, TooLate, WeightsError
from ..outputs.left_overs import remove_left_overs
from ..outputs.replacing import PendingFiles
from .model_choice import own_weights_folder, weights_places
from .registry import SUFFIX, RegisteredModel
from .weights_header import multiplications_of, sha256_of, tells_doubt, weights_metadata


@dataclass(frozen=True)
class WeightsFile:
    """A weights file that is there. `used`: by its name it is this file that is found, and no other of that name.

    doubts: it tells where its thin slices may be wrong, calibrated.
    multiplications_per_voxel: of the thick slices; None where its configuration cannot be read.
    state: `registered` (the very weights that the registry names so), `differs` (other weights under a registered
    name), `local` (whole, but of no registry), `damaged` (or no weights of ThinSliceSR).
    """

    name: str
    place: str
    path: Path
    bytes: int
    used: bool
    state: Literal["registered", "differs", "local", "damaged"]
    trained: bool
    trained_on: str
    doubts: bool
    multiplications_per_voxel: float | None


def weights_files(models: Mapping[str, RegisteredModel]) -> list[WeightsFile]:
    """All weights that are there, place by place in the order in which they are looked for."""
    files: list[WeightsFile] = []
    for place, folder in weights_places().items():
        for path in sorted(folder.glob(f"[!.]*{SUFFIX}")):
            if path.is_file():
                used = path.stem not in [file.name for file in files]
                files.append(_weights_file(path, place, used, models.get(path.stem)))
    return files


def problem_of(file: WeightsFile) -> str | None:
    """What is wrong with a weights file, in one sentence; None when nothing is."""
    if file.state == "differs":
        return f"{file.path} does not hold the registered weights {file.name}; remove it, then download it again."
    from .weights_file import load_model  # not with this file: it loads PyTorch

    try:
        load_model(file.path)
    except WeightsError as error:
        return str(error)
    return None


def is_whole(path: Path, model: RegisteredModel) -> bool:
    """Whether the file is there and holds the registered weights, by its size and its SHA-256."""
    return path.is_file() and path.stat().st_size == model.bytes and sha256_of(path) == model.sha256


def place_in_own_folder(name: str, write: Callable[[Path], object], overwrite: bool, undo: ExitStack) -> Path:
    """Has `write` make the weights `name`; they stand in the user's own folder when they are whole and can be loaded.

    Raises CannotWrite (`target_exists`, `cannot_write`) or what `write` raises; then nothing of them is left.
    """
    from .weights_file import load_model  # not with this file: it loads PyTorch

    target = own_weights_folder() / f"{name}{SUFFIX}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_left_overs(target.parent)
        if target.exists() and not overwrite:
            raise CannotWrite(
                f"{target} exists; remove it first, allow overwriting (--overwrite) or give another name (--name).",
                "target_exists",
            )
        with PendingFiles() as files:
            undo.callback(files.cancel)
            temporary = files.part_of(target, SUFFIX)
            write(temporary)
            load_model(temporary)
    except OSError as error:
        raise own_folder_refusal(target.parent, error) from error
    return target


def remove_from_own_folder(name: str, undo: ExitStack) -> list[Path]:
    """Removes the weights `name`, and what a download of them has left, from the user's own folder; returns the files.

    Weights that came with the program stay. undo: is told when it is too late to cancel.
    Raises WeightsError when there is nothing of that name to remove.
    """
    target = own_weights_folder() / f"{name}{SUFFIX}"
    there = [path for path in (target, *partial_paths(target)) if path.is_file()]
    if not there:
        shipped = [folder / target.name for folder in weights_places().values() if (folder / target.name).is_file()]
        if shipped:
            raise WeightsError(
                f"{shipped[0]} came with ThinSliceSR, so it stays; only weights in {target.parent} can be removed.",
                "not_own_weights",
            )
        raise WeightsError(
            f"No weights named {name} are in {target.parent}; choose one that `thinslicesr weights list` tells.",
            "weights_missing",
        )
    undo.callback(_too_late)
    try:
        for path in there:
            path.unlink()
    except OSError as error:
        raise own_folder_refusal(target.parent, error) from error
    return there


def _too_late() -> NoReturn:
    raise TooLate


def partial_paths(target: Path) -> tuple[Path, Path]:
    """What stands beside a file that is being downloaded: the part of it, and which version it is a part of."""
    return target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.version")


def own_folder_refusal(folder: Path, error: OSError) -> CannotWrite:
    """What to tell when the user's own folder cannot be written to."""
    return CannotWrite(
        f"The folder {folder} cannot be written to ({error.strerror or error}); make room there or allow it, or "
        "name another one in the environment variable THINSLICESR_WEIGHTS.",
    )


def _weights_file(path: Path, place: str, used: bool, model: RegisteredModel | None) -> WeightsFile:
    size = path.stat().st_size
    damaged = WeightsFile(
        path.stem,
        place,
        path,
        size,
        used,
        "damaged",
        trained=False,
        trained_on="",
        doubts=False,
        multiplications_per_voxel=None,
    )
    try:
        metadata = weights_metadata(path)
    except WeightsError:
        return damaged
    return replace(
        damaged,
        state="local" if model is None else "registered" if is_whole(path, model) else "differs",
        trained=metadata["trained"] == "true",
        trained_on=metadata.get("trained_on", ""),
        doubts=tells_doubt(metadata),
        multiplications_per_voxel=multiplications_of(metadata),
    )
