"""Speed and memory of the engine, as ratios to what the published network and the machine itself give."""

from __future__ import annotations

from ThinSliceSRLib.engine.busy_machine import let_waiting_threads_sleep
from ThinSliceSRLib.engine.freed_memory import keep_freed_memory

# As the command line does, and here before anything imports PyTorch.
let_waiting_threads_sleep()
keep_freed_memory()
