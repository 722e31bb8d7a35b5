"""The coded terms that a derived series uses, all of the DICOM Controlled Terminology (PS3.16 Annex D)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset


@dataclass(frozen=True)
class Code:
    """A term of the coding scheme DCM."""

    value: str
    meaning: str

    def item(self) -> Dataset:
        """A new item of a code sequence (PS3.3 table 8.8-1)."""
        item = Dataset()
        item.CodeValue = self.value
        item.CodingSchemeDesignator = "DCM"
        item.CodeMeaning = self.meaning
        return item


# CID 7203, Image Derivation.
SPATIAL_RESAMPLING = Code("113085", "Spatial resampling")
# CID 7202, Source Image Purposes of Reference.
SOURCE_IMAGE = Code("121322", "Source image for image processing operation")
# CID 7005, Contributing Equipment Purposes of Reference. Not 109103 (modifying), which makes no new instances.
SYNTHESIZING_EQUIPMENT = Code("109100", "Synthesizing Equipment")
ACQUISITION_EQUIPMENT = Code("109101", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Code("109102", "Processing Equipment")
# CID 7050, De-identification Method.
BASIC_PROFILE = Code("113100", "Basic Application Confidentiality Profile")
