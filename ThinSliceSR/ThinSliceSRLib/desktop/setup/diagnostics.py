"""A text about this installation to paste into a forum: English in every language, and nothing of the patient."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import slicer

from ...engine import ENGINE_VERSION
from ...engine.addresses import without_secrets
from .weights_list import WeightsList

PACKAGES = ("torch", "numpy", "SimpleITK", "pydicom", "einops", "safetensors", "light-the-torch")
# Of a run's events nothing else is told: files carry names.
RUN_FACTS = (
    "device",
    "precision",
    "weights",
    "input",
    "output",
    "cubes",
    "air",
    "seconds",
    "slab_error_hu",
    "exit_code",
    "code",
    "message",
)
LOG_LINES = 40
ANY_HOME = re.compile(r"(?:[a-z]:)?[\\/]+(?:users|home)[\\/]+[^\\/\s:'\"]+", re.IGNORECASE)
HIDDEN = "[name]"


def diagnostics_text(
    devices: Mapping[str, Any] | None = None,
    weights: WeightsList | None = None,
    last_run: Mapping[str, Any] | None = None,
    log_lines: Sequence[str] = (),
    names: Iterable[str] = (),
) -> str:
    """The text, of several lines.

    devices: what `devices --json` told. last_run: the facts of its events, of which RUN_FACTS are told. log_lines: of
    the last worker; the last LOG_LINES are told. names: what must not be read in these, such as the volumes' names.
    """
    text = "\n".join(
        [
            f"ThinSliceSR {ENGINE_VERSION}",
            f"Slicer {slicer.app.applicationVersion} (revision {slicer.app.revision})",
            f"System: {platform.platform()}, {platform.machine()}",
            f"Python {platform.python_version()}",
            f"Packages: {', '.join(f'{package} {_version(package)}' for package in PACKAGES)}",
            *_devices_lines(devices),
            *_weights_lines(weights),
            *[without_names(line, names) for line in _run_lines(last_run)],
            "Log:",
            *[without_names(f"  {line}", names) for line in log_lines[-LOG_LINES:]],
        ]
    )
    return without_secrets(without_home(text))


def without_home(text: str, home: Path | None = None) -> str:
    """The text with ~ for the user's home folder (`home`; None takes this user's) and for any other user's."""
    parts = str(home or Path.home()).replace("\\", "/").rstrip("/").split("/")
    if len(parts) == 1:
        return ANY_HOME.sub("~", text)  # a user without a home has the root of the file system
    this_home = re.compile(r"[\\/]+".join(map(re.escape, parts)) + r"(?![\w-])", re.IGNORECASE)
    return ANY_HOME.sub("~", this_home.sub("~", text))


def without_names(text: str, names: Iterable[str]) -> str:
    for name in sorted(filter(str.strip, names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    return text


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _devices_lines(devices: Mapping[str, Any] | None) -> list[str]:
    if devices is None:
        return ["Devices: not known"]
    lines = [f"Devices (PyTorch {devices['torch']}, CUDA {devices['cuda'] or 'none'}, automatic: {devices['auto']}):"]
    for device in devices["devices"]:
        facts = [f"  {device['device']} {device['name']}".rstrip(), device["precision"]]
        if device["memory_bytes"] is not None:
            facts.append(f"{device['memory_bytes'] / 1e9:.1f} GB memory")
        if device["free_bytes"] is not None:
            facts.append(f"{device['free_bytes'] / 1e9:.1f} GB free")
        lines.append(", ".join(facts))
    return lines


def _weights_lines(weights: WeightsList | None) -> list[str]:
    if weights is None:
        return ["Weights: not known"]
    return [
        "Weights:",
        *[
            f"  {model.name}, {model.bytes / 1e6:.1f} MB, {model.state}"
            + (f", {model.place}" if model.place else "")
            + ("" if model.used or not model.place else ", not used")
            for model in weights.models
        ],
    ]


def _run_lines(last_run: Mapping[str, Any] | None) -> list[str]:
    if last_run is None:
        return ["Last run: none"]
    facts = [f"  {fact}: {json.dumps(last_run[fact], ensure_ascii=False)}" for fact in RUN_FACTS if fact in last_run]
    return ["Last run:", *facts]
