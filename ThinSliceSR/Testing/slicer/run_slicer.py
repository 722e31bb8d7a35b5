"""Runs a script in 3D Slicer, and fails unless Slicer says that it succeeded.

    python run_slicer.py --expect LINE [--seconds N] SLICER ARGUMENT…

Slicer's exit code alone proves nothing: without the script that it was to run, it ends with 0. So a line of its output
must be the one that only success prints, and the exit code must be 0 too.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading


def run_slicer(command: list[str], expected: str, seconds: float) -> str:
    """Shows what the command prints, and returns one sentence about what went wrong; empty when nothing did."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    too_long = threading.Event()

    def end() -> None:
        too_long.set()
        _end_tree(process)

    timer = threading.Timer(seconds, end)
    timer.start()
    said_so = False
    for line in process.stdout:
        print(line, end="", flush=True)
        said_so = said_so or line.strip() == expected
    exit_code = process.wait()
    timer.cancel()
    if too_long.is_set():
        return f"Slicer did not end within {seconds:g} seconds."
    if exit_code:
        return f"Slicer ended with exit code {exit_code}."
    if not said_so:
        return f'Slicer ended without the line "{expected}", so the script did not run to its end.'
    return ""


def _end_tree(process: subprocess.Popen) -> None:
    """Ends Slicer's launcher with everything that it has started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False)
    else:
        os.killpg(process.pid, signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--expect", required=True, help="the line that only success prints")
    parser.add_argument("--seconds", type=float, default=900, help="after which Slicer is ended; 900 if left out")
    parser.add_argument("slicer", help="Slicer's program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # what Slicer prints need not fit a Windows code page
    problem = run_slicer([arguments.slicer, *arguments.arguments], arguments.expect, arguments.seconds)
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
