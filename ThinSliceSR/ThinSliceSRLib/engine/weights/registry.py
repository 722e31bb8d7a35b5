"""The registry: which weights there are, how to know them for what they are, and where to get them.

The shipped one is manifest.json beside the weights; a file of the same form may name further models.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..addresses import is_address
from ..errors import UnusableInput, WeightsError, reason_of
from ..outputs.file_names import file_name_of
from .model_choice import shipped_weights_folders
from .weights_header import weights_metadata

FORMAT = "ThinSliceSR registry 1"
MANIFEST = "manifest.json"
REGISTRY_VARIABLE = "THINSLICESR_REGISTRY"
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class RegisteredModel:
    """One model of a registry. Raises ValueError when an entry cannot be what it should be.

    file: always the name with .safetensors, by which weights are found. bytes, sha256: of the file.
    trained_on: names the training data; licences: theirs and that of the weights. quality: what was measured, by name
    ("psnr_db": 36.1). urls: addresses of the file (http, https), if there are any.
    """

    name: str
    file: str
    sha256: str
    bytes: int
    trained_on: str
    licences: tuple[str, ...]
    quality: dict[str, float]
    urls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for wrong, what in (
            (not is_model_name(self.name), f"{self.name!r} is no name for weights"),
            (self.file != f"{self.name}{SUFFIX}", f"the file of {self.name} is not {self.name}{SUFFIX}"),
            (not re.fullmatch("[0-9a-f]{64}", self.sha256), f"the sha256 of {self.name} is not 64 lower-case digits"),
            (type(self.bytes) is not int or self.bytes <= 0, f"the bytes of {self.name} are not a number above 0"),
            (not isinstance(self.quality, dict), f"the quality of {self.name} is not a table of numbers"),
            (not all(is_address(url) for url in self.urls), f"a url of {self.name} is no http(s) address"),
        ):
            if wrong:
                raise ValueError(what)


def is_model_name(name: str) -> bool:
    """Whether weights can be called so: a plain file name without the suffix of weights, and not `auto`."""
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
    return bool(plain) and name == file_name_of(name) and name != "auto" and not name.endswith(SUFFIX)


def checked_model_name(name: str) -> str:
    """The name itself. Raises UnusableInput when weights cannot be called so."""
    if not is_model_name(name):
        raise UnusableInput(
            f"{name!r} cannot be a name of weights; use letters, digits and . _ - without the ending {SUFFIX}.",
            "weights_name",
        )
    return name


def registered_models(further: Sequence[Path] = ()) -> dict[str, RegisteredModel]:
    """The models of the shipped registry and of further registry files, by name.

    Without further ones, the file that the environment variable THINSLICESR_REGISTRY names is one, if it is set.
    Raises WeightsError when a registry is missing or not one, or when two name the same model.
    """
    from_environment = os.environ.get(REGISTRY_VARIABLE)
    if not further and from_environment:
        further = [Path(from_environment)]
    models: dict[str, RegisteredModel] = {}
    for path in (_shipped_registry(), *further):
        for model in read_registry(path):
            if model.name in models:
                raise WeightsError(
                    f"Two registries name the model {model.name}; rename it in {path}.", "registry_unusable"
                )
            models[model.name] = model
    return models


def read_registry(path: Path) -> list[RegisteredModel]:
    """The models of a registry file. Raises WeightsError (`registry_unusable`) when it is missing or not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
        models = [_entry(values) for values in content["models"]]
        if len({model.name for model in models}) < len(models):
            raise ValueError("it names a model twice")
    except OSError as error:
        raise WeightsError(
            f"The registry {path} cannot be read ({reason_of(error)}); check the path.", "registry_unusable"
        ) from error
    except KeyError as error:
        raise WeightsError(
            f"The registry {path} has no entry {error}; write one as {MANIFEST} is.", "registry_unusable"
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"The registry {path} cannot be used ({error}); write one as {MANIFEST} is.", "registry_unusable"
        ) from error
    return models


def _entry(values: dict[str, Any]) -> RegisteredModel:
    fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    return RegisteredModel(**fields)


def manifest_entry(
    path: Path, licences: Sequence[str], quality: Mapping[str, float], urls: Sequence[str] = ()
) -> RegisteredModel:
    """The registry entry of a weights file. Raises WeightsError when the file cannot be loaded."""
    from .weights_file import load_model  # not with this file: it loads PyTorch

    model = load_model(path)
    return RegisteredModel(
        model.name,
        path.name,
        model.sha256,
        path.stat().st_size,
        weights_metadata(path).get("trained_on", ""),
        tuple(licences),
        dict(quality),
        tuple(urls),
    )


def registry_text(models: Sequence[RegisteredModel]) -> str:
    """The content of a registry file with these models."""
    return json.dumps({"format": FORMAT, "models": [asdict(model) for model in models]}, indent=2) + "\n"


def _shipped_registry() -> Path:
    folders = list(shipped_weights_folders().values())
    for folder in folders:
        if (folder / MANIFEST).is_file():
            return folder / MANIFEST
    raise WeightsError(
        f"{MANIFEST} is in none of {', '.join(map(str, folders))}; install ThinSliceSR again.", "registry_unusable"
    )
