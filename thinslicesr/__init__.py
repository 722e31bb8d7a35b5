"""Synthetic thin slices (1 mm) from thick-slice chest CT (2 to 10 mm), for research only.

    import thinslicesr

    dls = thinslicesr.synthesize("thick.nrrd")      # a SimpleITK image; or give one instead of a path

`synthesize`, `check`, `simulate`, `evaluate` and `models` do what the verbs of the command line do; every failure is a
`ThinSliceError` with one sentence that says what is wrong and what to do. Where the environment does not tell how
threads of PyTorch wait for each other, importing this has them sleep (`GOMP_SPINCOUNT`, `KMP_BLOCKTIME`).
"""

from __future__ import annotations

from ThinSliceSRLib.engine import ENGINE_VERSION
from ThinSliceSRLib.engine.busy_machine import let_waiting_threads_sleep
from ThinSliceSRLib.engine.errors import (
    Cancelled,
    CannotWrite,
    DeviceError,
    ThinSliceError,
    UnusableInput,
    WeightsError,
)

from .functions import check, evaluate, models, simulate, synthesize

__version__ = ENGINE_VERSION
let_waiting_threads_sleep()  # PyTorch is imported by the first function that needs it

__all__ = [
    "Cancelled",
    "CannotWrite",
    "DeviceError",
    "ThinSliceError",
    "UnusableInput",
    "WeightsError",
    "__version__",
    "check",
    "evaluate",
    "models",
    "simulate",
    "synthesize",
]
