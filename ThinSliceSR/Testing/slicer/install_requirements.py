"""Run by Slicer: installs the PyTorch extension, by it PyTorch for the CPU, and the packages that the engine needs."""

from __future__ import annotations

import sys

import slicer
from ThinSliceSRLib.desktop.setup.installation import PYTORCH_EXTENSION, install_pytorch_extension, pytorch_extension
from ThinSliceSRLib.desktop.setup.requirements import TORCH, missing_requirements, needed_packages

install_pytorch_extension()
# A restart would put the extension on the path, but Slicer forgets its settings when it is started for tests.
sys.path.extend(slicer.app.extensionsManagerModel().extensionModulePaths(PYTORCH_EXTENSION))
pytorch_extension().PyTorchUtilsLogic().installTorch(
    forceComputationBackend="cpu", torchVersionRequirement=str(TORCH.specifier)
)
slicer.util.pip_install([str(package) for package in needed_packages()])
missing = missing_requirements()
if missing:
    raise RuntimeError(f"still missing: {missing}")
print("ThinSliceSR's requirements are installed")
