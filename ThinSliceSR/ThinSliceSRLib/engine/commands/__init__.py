"""The verbs of the command line, one file each."""

from __future__ import annotations

from . import available, batch, check, demo, devices, doubt, evaluate, export, phantom, simulate, synthesize, weights

VERBS = (synthesize, doubt, batch, export, check, simulate, evaluate, demo, phantom, weights, devices, available)
