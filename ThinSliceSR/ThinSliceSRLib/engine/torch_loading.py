"""PyTorch, loaded by a thread while the input is looked for and read."""

from __future__ import annotations

import gc
import importlib
import threading
from contextlib import suppress


def load_torch_beside() -> threading.Thread:
    """Begins to import PyTorch in a thread, which is returned; whoever imports it meanwhile waits for it.

    What it runs into is raised again where it is imported next. Python's search for unused objects rests meanwhile,
    which takes a fifth of the time and finds none: what an import makes stays, and later searches pass it over, too.
    """

    def load() -> None:
        gc.disable()
        try:
            with suppress(Exception):
                importlib.import_module("torch")
        finally:
            gc.freeze()
            gc.enable()

    # No daemon: Python must not end amid the import of a library.
    thread = threading.Thread(target=load, name="PyTorch")
    thread.start()
    return thread
