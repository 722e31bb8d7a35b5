"""Training of the DLS model: a folder of CT volumes in, weights out."""

from __future__ import annotations

from ThinSliceSRLib.engine.busy_machine import let_waiting_threads_sleep

let_waiting_threads_sleep()  # here, before anything imports PyTorch
