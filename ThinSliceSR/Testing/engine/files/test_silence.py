"""What C libraries print stays off the terminal, and only that."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from ThinSliceSRLib.engine.silence import give_back_stderr, itk_silenced


def test_only_what_is_printed_meanwhile_is_lost(capfd):
    print("before", file=sys.stderr)
    with itk_silenced(), itk_silenced():
        os.write(2, b"from a C library")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before\nafter"


def test_stderr_is_back_after_an_exception(capfd):
    with pytest.raises(ValueError, match="wrong"), itk_silenced():
        raise ValueError("wrong")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_stderr_is_back_after_several_threads_were_silent(capfd):
    def be_silent() -> None:
        for _ in range(200):
            with itk_silenced():
                os.write(2, b"from a C library")

    threads = [threading.Thread(target=be_silent) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_a_process_can_tell_why_it_ends_while_a_thread_is_still_silent(capfd):
    silent, ended = threading.Event(), threading.Event()

    def be_silent() -> None:
        with itk_silenced():
            silent.set()
            ended.wait()

    thread = threading.Thread(target=be_silent)
    thread.start()
    silent.wait()
    os.write(2, b"lost")
    give_back_stderr()
    os.write(2, b"cancelled")
    ended.set()
    thread.join()
    os.write(2, b", after")
    assert capfd.readouterr().err == "cancelled, after"


def test_a_process_without_stderr_can_read():
    program = (
        "import os; os.close(2)\n"
        "from ThinSliceSRLib.engine.silence import itk_silenced\n"
        "with itk_silenced(): print('read')\n"
        "try: os.fstat(2)\n"
        "except OSError: print('still closed')\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert run.stdout == "read\nstill closed\n"
