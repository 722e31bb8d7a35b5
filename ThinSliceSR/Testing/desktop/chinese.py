"""The Chinese translation as Qt loads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CHINESE = Path(__file__).parents[2] / "Resources" / "Translations" / "ThinSliceSR_zh-CN.ts"


def compiled_chinese(folder: Path) -> Path:
    """The translation, compiled into the folder."""
    compiled = folder / "ThinSliceSR_zh-CN.qm"
    lrelease = shutil.which("pyside6-lrelease", path=str(Path(sys.executable).parent))
    subprocess.run([lrelease, str(CHINESE), "-qm", str(compiled)], check=True, capture_output=True)
    return compiled
