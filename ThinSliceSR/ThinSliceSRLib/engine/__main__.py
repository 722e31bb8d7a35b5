"""`python -m ThinSliceSRLib.engine`: the command line."""

from __future__ import annotations

from .command_line import console

if __name__ == "__main__":
    console()
