"""Run by Slicer: the module's self-test, which prints "ThinSliceSR self-test passed"."""

from __future__ import annotations

from ThinSliceSR import ThinSliceSRTest

ThinSliceSRTest().runTest()
