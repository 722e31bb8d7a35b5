"""Brings a file that the user has, weights of ours or a published checkpoint, into the user's own folder of weights."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from ..errors import CannotWrite, WeightsError
from .inventory import place_in_own_folder
from .model_choice import weights_places
from .published_checkpoint import convert_published
from .registry import SUFFIX, RegisteredModel, checked_model_name
from .weights_file import load_model
from .weights_header import sha256_of


def import_weights(
    source: Path,
    models: Mapping[str, RegisteredModel],
    undo: ExitStack,
    name: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Imports a weights file (.safetensors), else a published checkpoint, and returns where the weights are then.

    name: how they are to be called; None takes the registered name of a weights file, else its own, and the file name
    of a checkpoint. Raises WeightsError when the file is not usable, UnusableInput when weights cannot be called so,
    CannotWrite (`name_taken`, `target_exists`, `cannot_write`).
    """
    if not source.is_file():  # told as it is: of an address, not even a part may pass for a name
        raise WeightsError(f"There is no file {source}; give the path of weights on this computer.", "weights_missing")
    if source.suffix != SUFFIX:
        file_name = checked_model_name(name or source.stem)
        _require_free(file_name, models, None)
        return place_in_own_folder(
            file_name, lambda target: convert_published(source, target, file_name), overwrite, undo
        )
    model = load_model(source)
    registered = {known.sha256: known.name for known in models.values()}
    name = checked_model_name(name or registered.get(model.sha256, model.name))
    _require_free(name, models, model.sha256)
    for folder in weights_places().values():
        there = folder / f"{name}{SUFFIX}"
        if there.is_file() and sha256_of(there) == model.sha256:
            return there
    return place_in_own_folder(name, lambda target: shutil.copyfile(source, target), overwrite, undo)


def _require_free(name: str, models: Mapping[str, RegisteredModel], sha256: str | None) -> None:
    """Raises CannotWrite when other weights have the name: registered ones, or ones that came with the program."""
    taken = name in models and models[name].sha256 != sha256
    for place, folder in weights_places().items():
        there = folder / f"{name}{SUFFIX}"
        taken = taken or (place != "own" and there.is_file() and sha256_of(there) != sha256)
    if taken:
        raise CannotWrite(
            f"The name {name} belongs to other weights; import these under another one (--name).", "name_taken"
        )
