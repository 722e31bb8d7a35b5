"""`python -m ThinSliceSRLib.engine` and `thinslicesr`: the command line."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def run() -> NoReturn:
    """Runs the command line; Ctrl-C is answered even while it is still being imported."""
    try:
        from .busy_machine import let_numpy_use_one_thread, let_waiting_threads_sleep
        from .freed_memory import keep_freed_memory
        from .stand_by import OPTION, awaited_arguments

        let_waiting_threads_sleep()  # before anything imports PyTorch
        let_numpy_use_one_thread()
        keep_freed_memory()
        if sys.argv[1:] == [OPTION]:
            sys.argv[1:] = awaited_arguments()
        from .command_line import console

        console()
    except KeyboardInterrupt:
        os._exit(130)


if __name__ == "__main__":
    run()
