"""What a step has freed is there for the next one, and the system need not hand it out again page by page."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from ThinSliceSRLib.engine.freed_memory import CHOICES, keep_freed_memory

PACKAGES = Path(__file__).parents[3]
# What the command line does in the thread of its verb: as many bytes as a step of the network takes, three times, again
# and again; and what a worker of a batch does.
FAULTS = """
import resource, sys, threading

def count(*arguments):
    for step in range(22):
        if step == 2:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        first, second, third = (bytes([number]) * (24 * 2**20) for number in (1, 2, 3))
        del first, second, third
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
COMMAND_LINE = f"""{FAULTS}
from ThinSliceSRLib.engine.commands import devices
devices.run = count
sys.argv[1:] = ["devices"]
from ThinSliceSRLib.engine.__main__ import run
run()
"""
WORKER = f"""{FAULTS}
from ThinSliceSRLib.engine.batch.workers import worker_start
worker_start.dask_setup(None)
thread = threading.Thread(target=count)
thread.start()
thread.join()
"""
needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library is told so")


def faults(program: str, **chosen: str) -> int:
    """Pages that the system handed out to the program beyond its first steps, of which each takes some 10,000."""
    own = {name: value for name, value in os.environ.items() if name not in CHOICES}
    environment = {**own, "PYTHONPATH": str(PACKAGES), "OMP_NUM_THREADS": "1", **chosen}
    command = [sys.executable, "-c", program]
    return int(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


@needs_glibc
@pytest.mark.parametrize("program", [COMMAND_LINE, WORKER], ids=["command line", "worker of a batch"])
def test_memory_is_kept_from_step_to_step(program: str):
    assert faults(program) < 2_000


@needs_glibc
def test_a_user_who_chooses_what_becomes_of_memory_has_the_last_word():
    assert faults(COMMAND_LINE, MALLOC_MMAP_THRESHOLD_="131072") > 100_000


@pytest.mark.parametrize("name", CHOICES)
def test_nothing_is_changed_where_the_environment_chooses(name: str):
    assert not keep_freed_memory({name: "what the user chose"})
