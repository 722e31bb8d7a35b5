"""What the tests of downloads share: a file to download, who listens, and what is left of it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.weights.download import download
from ThinSliceSRLib.engine.weights.registry import RegisteredModel
from weights_server import WeightsServer

# Not weights: what a download brings is judged by its SHA-256 alone.
CONTENT = np.random.default_rng(3).bytes(300_000)
OTHER = np.random.default_rng(4).bytes(300_000)
MODEL = RegisteredModel(
    "cthnet-far", "cthnet-far.safetensors", sha256(CONTENT).hexdigest(), len(CONTENT), "CT", ("CC BY 4.0",), {}
)


@dataclass
class Listener(SilentReporter):
    """Keeps what a run tells."""

    def __post_init__(self) -> None:
        self.done: list[int] = []
        self.warnings: list[Finding] = []

    def warning(self, finding: Finding) -> None:
        self.warnings.append(finding)

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        assert (stage, total) == ("download", len(CONTENT))
        self.done.append(done)


def get(server: WeightsServer, listener: Listener | None = None, **options: object) -> Path:
    return download(MODEL, listener or Listener(), ExitStack(), server.address, **options)


def leave_part(folder: Path, content: bytes, version: str | None) -> None:
    """What a run that was cut off has left."""
    folder.mkdir()
    (folder / f"{MODEL.file}.part").write_bytes(content)
    if version:
        (folder / f"{MODEL.file}.part.version").write_text(version)


def wait_for_part(folder: Path, size: int) -> None:
    """Returns when that much has been downloaded."""
    part = folder / f"{MODEL.file}.part"
    while not part.exists() or part.stat().st_size < size:
        time.sleep(0.01)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()
