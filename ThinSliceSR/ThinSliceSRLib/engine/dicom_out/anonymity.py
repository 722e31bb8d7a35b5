"""A source stripped of identity by the Basic Application Level Confidentiality Profile of DICOM PS3.15 (table E.1-1).

A derived series is made of named attributes only (see attributes.py), so that the profile comes down to which of them
may stay. Pixels are not looked at: the profile without its options leaves them as they are.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from .. import ENGINE_VERSION
from ..errors import UnusableInput
from .attributes import LOSSY_COMPRESSION
from .codes import BASIC_PROFILE
from .source_series import SourceSeries
from .stored_text import is_plain, stored_text, written_as_stored

# The attributes of the source that table E.1-1 (2024b) does not name, and that hold no free text.
KEPT = ("BodyPartExamined", "PatientPosition", "KVP", "RescaleType")
KEPT_EQUIPMENT = ("Manufacturer", "ManufacturerModelName")
KEPT_WINDOW = ("WindowCenter", "WindowWidth", "VOILUTFunction")


def without_identity(source: SourceSeries) -> SourceSeries:
    """`source` without anything that tells whose it is, with new UIDs and a patient name and ID that say nothing.

    Type 2 attributes of the patient and the study are left to be empty, but for the name and the ID: archives take
    all patients without an ID for one. The UIDs are random, so that nobody who has the original ones can find them
    again; hence two runs give two patients and two studies. The source's instances are no longer named.
    Raises UnusableInput (`burned_in`) when the source says that its pixels show text.
    """
    if source.burned_in_annotation == "YES":
        raise UnusableInput(
            "The series says that text is burned into its pixels, which may be a name, so it cannot be made anonymous; "
            "clean the pixels first.",
            "burned_in",
        )
    common = _only(source.common, KEPT)
    common.PatientName = "Anonymous^Patient"
    common.PatientID = f"ANONYMOUS-{secrets.token_hex(6).upper()}"
    common.StudyInstanceUID = generate_uid(prefix=None)
    common.FrameOfReferenceUID = generate_uid(prefix=None)
    common.PatientIdentityRemoved = "YES"
    common.DeidentificationMethod = f"ThinSliceSR {ENGINE_VERSION}, DICOM PS3.15 Annex E"
    common.DeidentificationMethodCodeSequence = [BASIC_PROFILE.item()]
    common.LongitudinalTemporalInformationModified = "REMOVED"
    return replace(
        source,
        common=common,
        equipment=_only(source.equipment, KEPT_EQUIPMENT),
        lossy_compression=_only(source.lossy_compression, LOSSY_COMPRESSION),
        description=b"",
        characters=[""],
        instances=tuple(
            replace(instance, window=_only(instance.window, KEPT_WINDOW), reference=None)
            for instance in source.instances
        ),
        series_uid="",
    )


def _only(dataset: Dataset, keywords: tuple[str, ...]) -> Dataset:
    """Of these attributes those that hold nothing but what they are for: texts in ASCII, codes that are codes."""
    kept = Dataset()
    for keyword in keywords:
        words = stored_text(dataset, keyword)
        if keyword in dataset and (is_plain(words) if words is not None else _is_no_text(dataset[keyword])):
            element = dataset.get_item(keyword)
            kept[element.tag] = element
    return written_as_stored(kept)


def _is_no_text(element: DataElement) -> bool:
    """Whether it holds numbers, or codes of the form that they must have (CS, PS3.5 table 6.2-1)."""
    values = element.value if element.VM > 1 else [element.value]
    return element.VR != "CS" or all(re.fullmatch("[A-Z0-9 _]{0,16}", str(value or "")) for value in values)
