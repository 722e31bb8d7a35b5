"""Speed and memory of the engine, as ratios to what the published network and the machine itself give."""

from __future__ import annotations

from ThinSliceSRLib.engine.busy_machine import let_waiting_threads_sleep

let_waiting_threads_sleep()  # as the command line does, and here before anything imports PyTorch
