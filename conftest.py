"""All tests: Ctrl-C means what it means in a terminal, also for the processes that tests start."""

from __future__ import annotations

import signal
import threading

if threading.current_thread() is threading.main_thread():
    # What a shell runs in the background ignores it, and hands that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
