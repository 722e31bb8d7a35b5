"""How many workers a machine has room for, and which GPU and cores are each one's."""

from __future__ import annotations

import os

import numpy as np

from ...devices.main_memory import available_bytes, needed_bytes
from ...devices.threads import cores_here
from ...volumes.volume import Volume

# A large chest CT: the memory that a worker must find.
USUAL_SHAPE = (80, 512, 512)
CORES_PER_WORKER = 2
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def worker_places(device: str, workers: int | None) -> list[dict[str, str]]:
    """The environment of each worker: its GPU and its share of the cores.

    On a CPU, as many workers as there are pairs of cores, but no more than find the memory for a large chest CT.
    """
    from ...devices.device import choose_device

    chosen = choose_device(device).torch_device
    cores = cores_here()
    gpus: list[str] = []
    if chosen.type == "cuda" and device in ("auto", "cuda"):
        import torch

        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        gpus = visible.split(",") if visible else [str(index) for index in range(torch.cuda.device_count())]
    if workers is None:
        workers = len(gpus) or (_workers_of_cpu(cores) if chosen.type == "cpu" else 1)
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores // workers))
    places = [dict.fromkeys(THREADS, threads) for _ in range(workers)]
    for number, place in enumerate(places if gpus else []):
        place["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
    return places


def _workers_of_cpu(cores: int) -> int:
    # Zeros that take no memory themselves.
    needed = needed_bytes(Volume(np.broadcast_to(np.int16(0), USUAL_SHAPE), (0.7, 0.7, 5.0)))
    available = available_bytes()
    most = cores if available is None else available // needed
    return max(1, min(cores // CORES_PER_WORKER, most))
