"""A Slicer whose Python lacks what the engine needs: real pip, real wheels in a folder, its own site-packages.

The PyTorch extension and the extensions manager are stand-ins: what they do in Slicer is not proven with them.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import qt
import slicer
import slicer.util
from ThinSliceSRLib.desktop.setup.installation import Installation


@dataclass
class PlainSlicer:
    """A Slicer that has none of what the engine needs, and a folder of wheels in place of the internet."""

    wheels: Path
    python: Path
    agrees: bool = True
    asked: list[str] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)
    endings: list[tuple[bool, str]] = field(default_factory=list)
    restarts: int = 0

    def publish(self, name: str, version: str) -> None:
        """Puts a wheel with one empty module where pip finds it."""
        information = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(self.wheels / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", "")
            wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{information}/RECORD", "")

    def ask(self, text: str) -> bool:
        self.asked.append(text)
        return self.agrees

    def installation(self) -> Installation:
        return Installation(
            on_progress=self.progress.append,
            on_ended=lambda ok, sentence: self.endings.append((ok, sentence)),
            ask=self.ask,
        )

    def install(self) -> tuple[bool, str]:
        """Installs and returns how it ended."""
        self.installation().start()
        return self.ending()

    def ending(self) -> tuple[bool, str]:
        while not self.endings:
            loop = qt.QEventLoop()  # PySide6's processEvents loses a reference to None with each call
            qt.QTimer.singleShot(10, loop.quit)
            loop.exec()
        assert len(self.endings) == 1
        return self.endings[0]


class PyTorchUtilsLogic:
    """Stands for that of the PyTorch extension: has pip install PyTorch, and waits for it as the extension does."""

    def installTorch(  # noqa: N802 - the extension's name
        self,
        askConfirmation: bool = False,  # noqa: N803
        forceComputationBackend: str | None = None,  # noqa: N803
        torchVersionRequirement: str | None = None,  # noqa: N803
    ) -> None:
        assert not askConfirmation
        slicer.util.executePythonModule("pip", ["install", f"torch{torchVersionRequirement}"])


class ExtensionsManager:
    """Stands for qSlicerExtensionsManagerModel, with or without a server to ask."""

    def __init__(self, *, online: bool) -> None:
        self.interactive = True
        self._online = online
        self._installed: list[str] = []

    def installExtensionFromServer(self, name: str, restart: bool = True) -> bool:  # noqa: N802
        assert not self.interactive, "it would ask again"
        assert not restart, "it would restart without a word"
        if self._online:
            self._installed.append(name)
        return True  # as the real one does even when the download failed

    def isExtensionInstalled(self, name: str) -> bool:  # noqa: N802
        return name in self._installed
