"""Batch: the thick volumes of a folder, a list or an archive, each synthesised once, on the workers of a cluster."""

from __future__ import annotations

from ..busy_machine import let_waiting_threads_sleep

# Here, as it is what workers import first, also those of a cluster that is there already.
let_waiting_threads_sleep()
