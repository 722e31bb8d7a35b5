"""What the panel says while something is installed, and what Slicer's module Sample Data says of the samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import SampleData
import slicer
from driving import add_thick_volume, choose
from shown_texts import shown
from slicer import packaging
from ThinSliceSRLib.desktop.panel import panel as panel_file
from ThinSliceSRLib.desktop.setup import installation, sample_volumes
from ThinSliceSRLib.desktop.setup.requirements import Missing
from ThinSliceSRLib.desktop.setup.sample_data import CT_CHEST, PHANTOM

ALL = Missing(torch=True, packages=("einops>=0.7", "safetensors>=0.4"), old_torch="1.13.0")
PACKAGES = Missing(torch=False, packages=("einops>=0.7",))
NOTHING = Missing(torch=False)
WORDS_OF_PIP = ("No space left on device", "Connection broken by", "Permission denied", "other")


def of_installation(module: Any, _folder: Path) -> Iterator[str]:
    """Of the panel whose Slicer lacks something, with pip and the PyTorch extension as they may answer."""
    asked: list[str] = []
    agrees = SimpleNamespace(now=True)
    module.panel._installation._ask = lambda text: asked.append(text) or agrees.now
    choose(module.ui.inputSelector, add_thick_volume())
    with pytest.MonkeyPatch.context() as patch:

        def slicer_lacks(*missing: Missing) -> None:
            """First, and from then on the last of them."""
            answers = list(missing)
            for file in (panel_file, installation):
                patch.setattr(file, "missing_requirements", lambda: answers[0])
            patch.setattr(installation, "missing_requirements", lambda: answers.pop(0) if answers[1:] else answers[0])

        def press(pip_says: str = "Collecting einops", exit_code: int = 0) -> Iterator[str]:
            def pip_install(_packages: list[str], *, logCallback: Any, completedCallback: Any, **_more: Any) -> None:  # noqa: N803
                told.extend(shown(module))
                logCallback(pip_says)
                told.extend(shown(module))
                completedCallback(exit_code)

            told: list[str] = []
            patch.setattr(packaging, "pip_install", pip_install)
            module.ui.applyButton.click()
            yield from told
            yield from shown(module)

        patch.setattr(module.panel, "_start", lambda: None)  # what follows an installation that succeeded
        patch.setattr(slicer.app, "testingEnabled", lambda: True, raising=False)
        slicer_lacks(ALL)
        yield from press()
        patch.setattr(slicer.app, "testingEnabled", lambda: False, raising=False)
        agrees.now = False
        yield from press()
        agrees.now = True
        for words in WORDS_OF_PIP:
            yield from press(words, 1)
        slicer_lacks(PACKAGES)
        yield from press()
        slicer_lacks(PACKAGES, NOTHING)
        yield from press()
        patch.setattr(panel_file, "missing_requirements", lambda: PACKAGES)  # installed by others meanwhile
        yield from press()
        slicer_lacks(PACKAGES)
        patch.setattr(packaging, "isPipInstallInProgress", lambda: True)
        yield from press()
        patch.setattr(packaging, "isPipInstallInProgress", lambda: False)

        def cancel(*_arguments: Any, completedCallback: Any, **_more: Any) -> None:  # noqa: N803
            module.panel._installation.cancel()
            completedCallback(0)

        def refuse(*_arguments: Any, **_more: Any) -> None:
            raise OSError

        for pip_install in (cancel, refuse):
            patch.setattr(packaging, "pip_install", pip_install)
            module.ui.applyButton.click()
            yield from shown(module)
        slicer_lacks(Missing(torch=True))
        patch.setattr(slicer.util, "restart", lambda: None, raising=False)
        told: list[str] = []
        for install in (refuse, lambda: None):
            doing = lambda install=install: [told.extend(shown(module)), install()]  # noqa: E731
            patch.setattr(installation, "install_pytorch_extension", doing)
            module.ui.applyButton.click()
            yield from shown(module)
        logic = SimpleNamespace(installTorch=lambda **_choices: told.extend(shown(module)))
        extension = SimpleNamespace(PyTorchUtilsLogic=lambda: logic)
        patch.setattr(installation, "pytorch_extension", lambda: extension)
        module.ui.applyButton.click()
        yield from shown(module)
    yield from told
    yield from asked


def of_samples(_module: Any, folder: Path) -> Iterator[str]:
    """In the panel of Sample Data, in a message of Slicer's, and as the names of the volumes."""
    told: list[str] = []
    manager = slicer.vtkCacheManager()
    manager.SetRemoteCacheDirectory(str(folder))
    slicer.mrmlScene.SetCacheManager(manager)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_volumes, "PHANTOM_THIN_SLICES", 11)
        panel = SimpleNamespace(logic=SampleData.SampleDataLogic(lambda text, *_level: told.append(text)))
        patch.setattr(slicer.modules, "SampleDataWidget", panel, raising=False)
        patch.setattr(slicer.util, "errorDisplay", told.append)
        for name in (PHANTOM, CT_CHEST):
            sample_volumes.load_chosen_sample(SimpleNamespace(sampleName=name))
        thin = add_thick_volume("CTChest", slices=20, spacing_mm=2.5)
        storage = slicer.vtkMRMLNRRDStorageNode()
        storage.SetFileName(str(folder / "CT-chest.nrrd"))
        assert storage.WriteData(thin)
        sample_volumes.load_chosen_sample(SimpleNamespace(sampleName=CT_CHEST))
    slicer.mrmlScene.SetCacheManager(None)
    yield from told
    yield from (node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))


def of_diagnostics(module: Any, _folder: Path) -> Iterator[str]:
    waiting: list[Any] = []
    module.panel._available.devices = None
    module.panel._diagnostics._ask = waiting.append
    module.ui.diagnosticsButton.click()
    yield from shown(module)
    waiting[0]()
    yield from shown(module)
