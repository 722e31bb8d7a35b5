"""Which weights a run uses, and where weights lie."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import WeightsError
from .weights import Model, load_model

WEIGHTS_FOLDER_VARIABLE = "THINSLICESR_WEIGHTS"
BASE_FILE = "cthnet-base.safetensors"
SMALL_FILE = "cthnet-small.safetensors"


def weights_folders() -> list[Path]:
    """Folders that are searched for weights, in this order: the user's own, the installed one, the one of a clone."""
    library = Path(__file__).resolve().parents[1]
    own = os.environ.get(WEIGHTS_FOLDER_VARIABLE)
    return [*([Path(own)] if own else []), library / "model_weights", library.parents[1] / "model_weights"]


def choose_model(name: str, on_gpu: bool) -> Model:
    """The model of a name or a file; `auto` is base on a GPU, small on a CPU, or the one of the two that is there.

    Raises WeightsError when it is not there.
    """
    if name == "auto":
        files = [BASE_FILE, SMALL_FILE] if on_gpu else [SMALL_FILE, BASE_FILE]
    elif Path(name).suffix == ".safetensors":
        return load_model(Path(name))
    else:
        files = [f"{name}.safetensors"]
    for file in files:
        for folder in weights_folders():
            if (folder / file).is_file():
                return load_model(folder / file)
    raise WeightsError(
        f"No weights named {' or '.join(Path(file).stem for file in files)} were found in "
        f"{', '.join(str(folder) for folder in weights_folders())}; copy them there or name a file with --weights.",
        "weights_missing",
    )
