"""`python -m benchmarks.runs.measured_process REPORT ARGUMENTS…`: the engine's command line, and its memory.

A process knows its own peaks best: what the operating system tells its parent may include the parent's own memory.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import ThinSliceError


def measured_main(report: Path, arguments: list[str]) -> int:
    """Runs the command line, writes the peaks of memory of this process and of its CUDA GPUs, returns the exit code."""
    code = main(arguments)
    facts = {"process_peak_bytes": process_peak_bytes(), "gpu_peak_bytes": gpu_peak_bytes()}
    report.write_text(json.dumps(facts), encoding="utf-8")
    return code


def process_peak_bytes(status: Path = Path("/proc/self/status")) -> int:
    """The most main memory that this process has held (resident set)."""
    if status.exists():
        # Not getrusage: its peak is handed on to a child from the process that started it.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        try:
            import psutil
        except ImportError as error:
            raise ThinSliceError("Memory is measured with psutil; install it with: pip install psutil") from error
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def gpu_peak_bytes() -> int | None:
    """The most memory that PyTorch has given to tensors on CUDA GPUs; None where none was used."""
    if "torch" not in sys.modules:
        return None
    import torch  # which waits where a thread is still loading it

    if not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    return sum(torch.cuda.max_memory_allocated(index) for index in range(torch.cuda.device_count()))


if __name__ == "__main__":
    sys.exit(measured_main(Path(sys.argv[1]), sys.argv[2:]))
