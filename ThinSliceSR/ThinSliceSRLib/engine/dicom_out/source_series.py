"""What a derived series takes over from the files of its source."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import JPEG2000, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, generate_uid
from pydicom.valuerep import format_number_as_ds

from ..dicom_in.headers import decimals, number_told
from ..errors import UnusableInput
from ..volumes.value_scale import rescale_to_hu
from ..volumes.volume import Acquisition
from .attributes import COMMON, EQUIPMENT, FUNCTIONAL_GROUPS, IDENTITY, LOSSY_COMPRESSION, WINDOW
from .codes import SOURCE_IMAGE
from .copied_elements import SliceHeaders, copied_element, filled, readable, without_unreadable
from .stored_text import is_plain, stored_text

OWN = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "InstanceNumber",
    "BurnedInAnnotation",
)
FRAMES = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
ON_A_SLICE = 1e-3
# Transfer syntaxes that compress with loss, and those that may (PS3.5 A.4).
LOSES = (JPEGBaseline8Bit, JPEGExtended12Bit)
MAY_LOSE = (JPEGLSNearLossless, JPEG2000)
# Of other VOI LUT functions, a window is at least 1 wide.
ANY_WIDTH = ("LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True)
class SourceInstance:
    """One slice of the source: its place in mm along the slices' normal, its window, and the reference to it.

    reference: an item of the Source Image Sequence (PS3.3 table 10-3); None where it has no name or is to have none.
    """

    place_mm: float
    window: Dataset
    reference: Dataset | None


@dataclass(frozen=True)
class SourceSeries:
    """The source as its files tell of it.

    common: the attributes to be repeated in which all slices agree. equipment: those of the scanner.
    lossy_compression: what is known of it, of any slice.
    burned_in_annotation: whether text is in the pixels: YES, NO, or "" where not all slices tell.
    instances: sorted along the slices' normal.
    series_uid: its own, "" where its instances are not named.
    numbered_downwards: whether the instance numbers fall along the normal.
    """

    common: Dataset
    equipment: Dataset
    lossy_compression: Dataset
    number: int
    description: bytes
    characters: Sequence[str]
    burned_in_annotation: str
    instances: tuple[SourceInstance, ...]
    numbered_downwards: bool
    series_uid: str = ""

    def around(self, place_mm: float) -> Sequence[SourceInstance]:
        """The slice at this place along the normal, or its two neighbours; the nearest one beyond the ends."""
        places = np.array([instance.place_mm for instance in self.instances])
        nearest = int(np.abs(places - place_mm).argmin())
        after = int(np.searchsorted(places, place_mm))
        step = np.diff(places).max(initial=0)
        if abs(places[nearest] - place_mm) <= ON_A_SLICE * step or not 0 < after < len(places):
            return self.instances[nearest : nearest + 1]
        return self.instances[after - 1 : after + 1]

    def nearest(self, place_mm: float) -> SourceInstance:
        """The slice nearest to this place along the normal."""
        return min(self.instances, key=lambda instance: abs(instance.place_mm - place_mm))


def read_source_series(acquisition: Acquisition) -> SourceSeries:
    """The source of a volume that was read from a DICOM series.

    Raises UnusableInput: `no_study` (the volume is of no DICOM series, or it names no study), `mixed_slices` (its files
    name several patients, studies or frames of reference), `truncated` (a file changed since it was read).
    """
    if not acquisition.slice_files:
        raise UnusableInput(
            "Only what is made from a DICOM series has a study to be added to; give the folder of the series, or leave "
            "out the DICOM output.",
            "no_study",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        try:
            files = {path: _read(path) for path in dict.fromkeys(acquisition.slice_files)}
        except Exception as error:  # whatever pydicom runs into
            raise UnusableInput(
                "A file of the series could not be read again; let nothing change its folder during the run.",
                "truncated",
            ) from error
        slices = SliceHeaders(
            [
                files[path] if frame is None else _frame_header(files[path], frame)
                for path, frame in zip(acquisition.slice_files, acquisition.slice_frames, strict=True)
            ],
            ("SeriesDescription", *COMMON, *EQUIPMENT),
        )
        _require_one_study(slices)
        return _source_series(slices, acquisition)


def _read(path: Path) -> Dataset:
    keywords = [*OWN, *COMMON, *EQUIPMENT, *WINDOW, *LOSSY_COMPRESSION, *FRAMES]
    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=keywords, force=True)
    return without_unreadable(header)


def _frame_header(header: Dataset, number: int) -> Dataset:
    """The header of a multi-frame file with what its functional groups say of this frame."""
    shared = header.get(FRAMES[0]) or [Dataset()]
    frames = header.get(FRAMES[1]) or []
    image = Dataset({tag: header.get_item(tag) for tag in header.keys()})  # noqa: SIM118 (its items are read)
    image.file_meta = header.file_meta
    for group, keywords in FUNCTIONAL_GROUPS.items():
        told = [readable(place, Tag(group)) for place in (*frames[number - 1 : number], *shared)]
        item = next((element.value[0] for element in told if element and element.value), Dataset())
        for keyword in keywords:
            if keyword in item:
                image[keyword] = item.get_item(keyword)  # as it is stored, whatever it is
    return image


def _require_one_study(slices: SliceHeaders) -> None:
    if not all(header.get("StudyInstanceUID") for header in slices.headers):
        raise UnusableInput(
            "The files of this series do not name their study, so no DICOM series can be added to it; leave out the "
            "DICOM output.",
            "no_study",
        )
    for keyword, meaning in IDENTITY.items():
        if slices.differ(keyword):
            raise UnusableInput(
                f"The files of this series name more than one {meaning}, so it is unclear to which a DICOM output "
                "belongs; sort them, or leave out the DICOM output.",
                "mixed_slices",
            )


def _source_series(slices: SliceHeaders, acquisition: Acquisition) -> SourceSeries:
    assert acquisition.slice_positions_mm is not None  # DICOM series have them
    headers = slices.headers
    first, last = headers[0], headers[-1]
    common = filled(slices.agreed(keyword) for keyword in COMMON)
    if any(slices.characters):
        common.SpecificCharacterSet = list(slices.characters)
    if stored_text(common, "RescaleType") != b"HU_MOD":  # else they are HU, in whatever words
        common.pop("RescaleType", None)
    if not common.get("FrameOfReferenceUID"):
        common.FrameOfReferenceUID = generate_uid(prefix=None)  # of all that is derived in one run
    return SourceSeries(
        common=common,
        equipment=filled(slices.agreed(keyword) for keyword in EQUIPMENT),
        lossy_compression=_lossy_compression(headers),
        number=number_told(first, "SeriesNumber") or 0,
        description=stored_text(filled([slices.chosen("SeriesDescription")]), "SeriesDescription") or b"",
        characters=slices.characters,
        burned_in_annotation=_burned_in([header.get("BurnedInAnnotation") for header in headers]),
        instances=tuple(
            SourceInstance(
                place, _window(header, characters == slices.characters, acquisition.values), _reference(header, frame)
            )
            for header, characters, place, frame in zip(
                headers, slices.sets, acquisition.slice_positions_mm, acquisition.slice_frames, strict=True
            )
        ),
        numbered_downwards=(acquisition.slice_frames[0] or number_told(first, "InstanceNumber") or 0)
        > (acquisition.slice_frames[-1] or number_told(last, "InstanceNumber") or 0),
        series_uid=str(first.get("SeriesInstanceUID") or ""),
    )


def _burned_in(told: Sequence[object]) -> str:
    """What slices say of text in their pixels: YES if one of them does, NO if all do, else "", which tells nothing.

    In whatever spelling: some writers leave it at Yes, or at Y.
    """
    said = {str(word or "").strip().upper()[:1] for word in told}
    return "YES" if "Y" in said else "NO" if said == {"N"} else ""


def _lossy_compression(headers: Sequence[Dataset]) -> Dataset:
    """01 and how, where one slice lost something on its way; 00 where all say that they did not; else nothing."""
    lossy = next(filter(_has_lost, headers), None)
    told = Dataset() if lossy is None else filled(copied_element(lossy, keyword) for keyword in LOSSY_COMPRESSION)
    if lossy is not None:
        told.LossyImageCompression = "01"
    elif all(header.get("LossyImageCompression") == "00" and _syntax(header) not in MAY_LOSE for header in headers):
        told.LossyImageCompression = "00"
    return told


def _has_lost(header: Dataset) -> bool:
    """Whether a slice was ever compressed with loss, by any sign of it: not all writers tell it as they should."""
    said = header.get("LossyImageCompression")
    method_alone = not said and bool(header.get("LossyImageCompressionMethod"))
    ratios = decimals(header, "LossyImageCompressionRatio") or [1.0]
    return said == "01" or method_alone or max(ratios) > 1 or _syntax(header) in LOSES


def _syntax(header: Dataset) -> str:
    return str(header.file_meta.get("TransferSyntaxUID", ""))


def _window(header: Dataset, same_characters: bool, values: str | None) -> Dataset:
    """How a slice is to be shown, in HU; nothing where its window is none (PS3.3 C.11.2.1.2).

    Its words only if they are in the character set of the derived series. values: the scale on which the user says that
    the source's are stored, and so its window.
    """
    window = filled(copied_element(header, keyword) for keyword in WINDOW)
    slope, intercept = rescale_to_hu(values)
    centers = [slope * center + intercept for center in decimals(window, "WindowCenter") or []]
    widths = [slope * width for width in decimals(window, "WindowWidth") or []]
    narrowest = min(widths, default=0.0)
    too_narrow = narrowest <= 0 or (narrowest < 1 and window.get("VOILUTFunction") not in ANY_WIDTH)
    if too_narrow or len(centers) != len(widths):
        return Dataset()
    if (slope, intercept) != (1, 0):
        window.WindowCenter, window.WindowWidth = (list(map(format_number_as_ds, told)) for told in (centers, widths))
    words = stored_text(window, "WindowCenterWidthExplanation")
    if words is not None and not (same_characters or is_plain(words)):
        del window.WindowCenterWidthExplanation
    return window


def _reference(header: Dataset, frame: int | None) -> Dataset | None:
    if not (header.get("SOPClassUID") and header.get("SOPInstanceUID")):
        return None
    reference = Dataset()
    reference.ReferencedSOPClassUID = header.SOPClassUID
    reference.ReferencedSOPInstanceUID = header.SOPInstanceUID
    if frame is not None:
        reference.ReferencedFrameNumber = frame
    reference.PurposeOfReferenceCodeSequence = [SOURCE_IMAGE.item()]
    return reference
