"""The verbs of the command line, one file each."""

from __future__ import annotations

from . import check, demo, devices, evaluate, simulate, synthesize, weights

VERBS = (synthesize, check, simulate, evaluate, demo, weights, devices)
