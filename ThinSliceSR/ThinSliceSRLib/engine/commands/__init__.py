"""The verbs of the command line, one file each."""

from __future__ import annotations

from . import available, batch, check, demo, devices, evaluate, export, phantom, simulate, synthesize, weights

VERBS = (synthesize, batch, export, check, simulate, evaluate, demo, phantom, weights, devices, available)
