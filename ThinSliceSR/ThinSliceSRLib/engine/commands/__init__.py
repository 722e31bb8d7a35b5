"""The verbs of the command line, one file each."""

from __future__ import annotations

from . import available, batch, check, demo, devices, evaluate, export, simulate, synthesize, weights

VERBS = (synthesize, batch, export, check, simulate, evaluate, demo, weights, devices, available)
