"""Stands for Slicer's module Sample Data: keeps registered samples, and loads CTChest where its cache has the file.

It cannot prove that the panel shows the samples, nor that a download works: like Slicer's after its last attempt, this
one gives an empty list where there is no file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import slicer


class SampleDataLogic:
    """Of Slicer's class of this name, what the module uses."""

    def __init__(self, logMessage: Callable[..., None] | None = None) -> None:
        if logMessage:
            self.logMessage = logMessage

    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom",
        sampleName: str | None = None,
        uris: list[str] | str | None = None,
        fileNames: list[str] | str | None = None,
        customDownloader: Callable[[object], object] | None = None,
        thumbnailFileName: str | None = None,
    ) -> None:
        # Slicer counts these two, and knows a sample again by all of its texts.
        assert len(uris) == len(fileNames)
        if not hasattr(slicer.modules, "sampleDataSources"):
            slicer.modules.sampleDataSources = {}
        sources = slicer.modules.sampleDataSources.setdefault(category, [])
        source = SimpleNamespace(
            sampleName=sampleName, customDownloader=customDownloader, thumbnailFileName=thumbnailFileName
        )
        if str(source) not in [str(known) for known in sources]:
            sources.append(source)

    def downloadSamples(self, sampleName: str) -> list[slicer.vtkMRMLScalarVolumeNode]:
        file = Path(slicer.mrmlScene.GetCacheManager().GetRemoteCacheDirectory(), "CT-chest.nrrd")
        if sampleName != "CTChest" or not file.is_file():
            self.logMessage("Download failed", logging.ERROR)
            return []
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", sampleName)
        storage = slicer.vtkMRMLNRRDStorageNode()
        storage.SetFileName(str(file))
        assert storage.ReadData(node)
        node.CreateDefaultDisplayNodes()
        return [node]

    def logMessage(self, message: str, logLevel: int = logging.DEBUG) -> None:
        logging.log(logLevel, message)
