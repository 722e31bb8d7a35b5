"""Stands for Slicer's DICOMLib: the base of DICOM plugins and what they find, as far as our plugin uses them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class DICOMLoadable:
    """A way to load files."""

    files: list[str] = field(default_factory=list)
    name: str = "Unknown"
    selected: bool = False
    confidence: float = 0.5


class DICOMPlugin:
    """The base class, with the attributes that the DICOM module reads of every plugin."""

    def __init__(self) -> None:
        self.loadType = "Generic DICOM"
        self.tags = {"seriesDescription": "0008,103E"}
