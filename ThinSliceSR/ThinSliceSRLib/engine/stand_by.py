"""Standing by: a process that has loaded what a run needs before it is told what to do.

For programs that know that a run may be asked for soon, as Slicer's panel does: `python -m ThinSliceSRLib.engine
--stand-by`, and later the arguments as one line of JSON on standard input. It saves the second that it takes to load
PyTorch and the rest.
"""

from __future__ import annotations

import importlib
import json
import os
import threading
from contextlib import suppress

from .busy_machine import give_way_to_others
from .standard_input import read_standard_input

OPTION = "--stand-by"
# Of this package; together they import all that a synthesis uses.
NEEDED = (
    ".command_line",
    ".torch_loading",
    ".volumes.description",
    ".run.job",
    ".run.job_facts",
    ".run.plan",
    ".run.making",
)


def awaited_arguments() -> list[str]:
    """The command line's arguments, as soon as they arrive; until then and from then on, the process gives way.

    Ends the process when its input ends instead.
    """
    give_way_to_others()
    loading = threading.Thread(target=load, daemon=True)
    loading.start()
    line = b""
    while not line.endswith(b"\n"):
        byte = read_standard_input(1)  # no more: what follows is for `command_line`
        if not byte:
            os._exit(0)
        line += byte
    arguments: list[str] = json.loads(line)
    loading.join()
    return arguments


def load() -> None:
    """Imports what a run needs."""
    with suppress(Exception):  # it is raised again, and told, where it is imported next
        for module in NEEDED:
            importlib.import_module(module, __package__)
