"""Which weights a run uses, and where weights lie."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import WeightsError

if TYPE_CHECKING:
    from .weights_file import Model

WEIGHTS_FOLDER_VARIABLE = "THINSLICESR_WEIGHTS"
# Of those that `auto` chooses from, the larger ones first.
AUTOMATIC_FILES = ("cthnet-base.safetensors", "cthnet-medium.safetensors", "cthnet-small.safetensors")


def own_weights_folder() -> Path:
    """The user's own folder for weights, which may not exist yet: THINSLICESR_WEIGHTS, or the system's usual place.

    Raises WeightsError when the user has neither.
    """
    chosen = os.environ.get(WEIGHTS_FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    try:
        if sys.platform == "win32":
            data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            data = Path.home() / "Library" / "Application Support"
        else:
            data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    except RuntimeError as error:
        raise WeightsError(
            f"This user has no home folder; name a folder for weights in the environment variable "
            f"{WEIGHTS_FOLDER_VARIABLE}.",
            "no_folder",
        ) from error
    return data / "ThinSliceSR" / "model_weights"


def shipped_weights_folders() -> dict[str, Path]:
    """Where weights lie that came with the program: `installed` with it, or in its `clone`."""
    library = Path(__file__).resolve().parents[2]
    return {"installed": library / "model_weights", "clone": library.parents[1] / "model_weights"}


def weights_places() -> dict[str, Path]:
    """Folders that are searched for weights, in this order: the user's `own`, the `installed`, that of the `clone`."""
    places = {}
    with suppress(WeightsError):  # who has no folder of their own can still use what is installed
        places["own"] = own_weights_folder()
    for place, folder in shipped_weights_folders().items():
        if folder.resolve() not in [known.resolve() for known in places.values()]:
            places[place] = folder
    return places


def weights_folders() -> list[Path]:
    """The folders of `weights_places`."""
    return list(weights_places().values())


def automatic_files(on_gpu: bool) -> list[str]:
    """The weights files that `auto` takes: the first of these that is there."""
    return list(AUTOMATIC_FILES if on_gpu else reversed(AUTOMATIC_FILES))


def choose_model(name: str, on_gpu: bool) -> Model:
    """The model of a name or a file; `auto` is, of those that are there, the largest of base, medium and small on a GPU
    and the smallest on a CPU. A name may leave out what all of this project begin with: `small` is cthnet-small, unless
    there is a file small.

    Raises WeightsError when it is not there.
    """
    from .weights_file import load_model  # not with this file: it loads PyTorch

    if name == "auto":
        files = automatic_files(on_gpu)
    elif Path(name).suffix == ".safetensors" or Path(name).name != name:
        return load_model(Path(name))
    else:
        files = [f"{name}.safetensors", f"cthnet-{name}.safetensors"]  # base, medium and small are short for theirs
    for file in files:
        for folder in weights_folders():
            if (folder / file).is_file():
                return load_model(folder / file)
    known = next((file for file in files if file in AUTOMATIC_FILES), None)
    named = name if name != "auto" else " or ".join(Path(file).stem for file in files)
    raise WeightsError(
        f"No weights named {named} are on this computer; choose one that "
        f"`thinslicesr weights list` tells, or copy {known or files[0]} into {weights_folders()[0]}.",
        "weights_missing",
    )
