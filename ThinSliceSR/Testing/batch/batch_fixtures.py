"""Fixtures for tests of batches: the smallest weights, and a cluster of two workers that is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from distributed import LocalCluster
from models import TINY
from ThinSliceSRLib.engine.batch.batch import Batch, Summary, run_batch
from ThinSliceSRLib.engine.batch.settings import Settings
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network

MadeBatch = Callable[..., Summary]


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, untrained_network(TINY), "tiny", trained=False)
    return path


@pytest.fixture(scope="session")
def scheduler() -> Iterator[str]:
    """The address of a cluster with two workers."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL") as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def batch(weights: Path, scheduler: str) -> MadeBatch:
    """Runs a batch on that cluster within the test's own process; options are those of `Settings` and `Batch`."""

    def run(source: Path | str, destination: Path, **options) -> Summary:
        settings = {name: options.pop(name) for name in tuple(options) if name in Settings.__dataclass_fields__}
        settings = Settings(**{"weights": str(weights), "device": "cpu", **settings})
        with ExitStack() as undo:
            return run_batch(
                Batch(str(source), destination, settings, **{"scheduler": scheduler, **options}), SilentReporter(), undo
            )

    return run
