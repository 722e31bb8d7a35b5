"""Run by Slicer: its generic tests of a scripted module, from the template in Slicer's own source.

    Slicer ... --python-script generic_tests.py SLICER_SOURCE

An installed Slicer does not bring the template, which its build system fills in for each module.
"""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

MODULE = "ThinSliceSR"
NAME = f"qSlicer{MODULE}ModuleGenericTest"

template = Path(sys.argv[-1], "Base", "QTCore", "Testing", "Python", "qSlicerModuleGenericTest.py.in")
tests = template.read_text(encoding="utf-8").replace("@MODULENAME@", MODULE).replace("@MODULENAME_LC@", MODULE.lower())
with tempfile.TemporaryDirectory() as folder:
    Path(folder, f"{NAME}.py").write_text(tests, encoding="utf-8")
    sys.path.insert(0, folder)
    suite = unittest.defaultTestLoader.loadTestsFromName(NAME)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
if not result.wasSuccessful() or result.skipped or not result.testsRun:
    raise RuntimeError(f"Slicer's generic tests of {MODULE} failed")
print(f"Slicer's generic tests of {MODULE} passed")
