"""On a busy machine, threads that wait sleep, unless the user wants otherwise; and the engine gives way where asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ThinSliceSRLib.engine.busy_machine import (
    NICENESS,
    SLEEP,
    WAITING,
    let_numpy_use_one_thread,
    let_waiting_threads_sleep,
)

REPOSITORY = Path(__file__).parents[4]
# Programs in which PyTorch is imported as the command line, a worker of a cluster, training and the benchmark do.
STARTS = {
    "command line": "sys.argv[1:] = ['devices']; from ThinSliceSRLib.engine.__main__ import run; run()",
    "worker of a cluster": "import ThinSliceSRLib.engine.batch.workers.volume_work",
    "training": "import training.learning.train",
    "benchmark": "import benchmarks.__main__",
}


def environment(**chosen: str) -> dict[str, str]:
    """This process's, without what it chose for its own threads, and with what OpenMP then tells as it is loaded."""
    own = {name: value for name, value in os.environ.items() if name not in WAITING}
    paths = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY / "ThinSliceSR"), str(REPOSITORY)])}
    return {**own, **paths, "OMP_DISPLAY_ENV": "verbose", "OMP_NUM_THREADS": "1", **chosen}


def told_by_openmp(program: str, **chosen: str) -> str:
    command = [sys.executable, "-c", f"import sys; {program}"]
    done = subprocess.run(command, env=environment(**chosen), capture_output=True, encoding="utf-8", check=True)
    return done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch for other systems has another OpenMP than GNU's")
@pytest.mark.parametrize("start", STARTS)
def test_openmp_spins_for_a_moment_alone(start: str):
    assert "GOMP_SPINCOUNT = '1000'" in told_by_openmp(STARTS[start])


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch for other systems has another OpenMP than GNU's")
@pytest.mark.parametrize("start", STARTS)
def test_openmp_waits_as_the_user_wants(start: str):
    assert "GOMP_SPINCOUNT = '777'" in told_by_openmp(STARTS[start], GOMP_SPINCOUNT="777")


@pytest.mark.parametrize("name", WAITING)
def test_an_environment_that_tells_how_threads_wait_stays_as_it_is(name: str):
    chosen = {name: "what the user chose"}
    let_waiting_threads_sleep(chosen)
    assert chosen == {name: "what the user chose"}


def test_else_they_sleep_whichever_openmp_there_is():
    chosen = {"PATH": "/bin"}
    let_waiting_threads_sleep(chosen)
    assert chosen == {"PATH": "/bin", **SLEEP}


def test_numpy_multiplies_matrices_with_one_thread_unless_the_environment_tells_how_many():
    unsaid, said = {}, {"OPENBLAS_NUM_THREADS": "3"}
    let_numpy_use_one_thread(unsaid)
    let_numpy_use_one_thread(said)
    assert (unsaid, said) == ({"OPENBLAS_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "3"})


def test_the_command_line_says_so_before_numpy_is_there():
    program = """
import os, sys
from ThinSliceSRLib.engine import __main__, command_line

command_line.console = lambda: print(os.environ["OPENBLAS_NUM_THREADS"], "numpy" in sys.modules)
__main__.run()
"""
    chosen = environment()
    chosen.pop("OPENBLAS_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, "-c", program], env=chosen, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == ["1", "False"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has priority classes instead")
@pytest.mark.parametrize(("options", "lowered"), [([], 0), (["--give-way"], NICENESS)])
def test_what_computes_gives_way_where_it_is_asked_to(options: list[str], lowered: int):
    # Linux tells the priority of the thread that asks: here of the one in which verbs do their work.
    program = f"""
import os
from ThinSliceSRLib.engine import command_line
from ThinSliceSRLib.engine.commands import devices

devices.run = lambda *arguments: print(os.getpriority(os.PRIO_PROCESS, 0))
command_line.main(["devices", *{options!r}])
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", check=True)
    assert int(done.stdout) == min(os.getpriority(os.PRIO_PROCESS, 0) + lowered, 19)
