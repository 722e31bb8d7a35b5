"""Elements of a source for another data set: texts as they are stored, all else in the form that the standard gives it.

The file that is written is a new one. A value in a form that it must not have is mended where it can be read for sure,
and left out where it cannot.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import STR_VR, format_number_as_ds, is_valid_ds

from ..dicom_in.headers import decimals
from .attributes import MAY_BE_EMPTY
from .stored_text import (
    TEXT_REPRESENTATIONS,
    character_set,
    decoded,
    is_consistent,
    may_be_text,
    stored_text,
    text_element,
    written_as_stored,
)

Copy = DataElement | RawDataElement | None


class SliceHeaders:
    """The headers of the slices of a series: what they agree on, and which one's texts stand for those of all.

    headers: one for each slice. keywords: of the elements that may be copied.
    characters: the character set of the copied texts, that of the first header whose texts are all of its set.
    """

    def __init__(self, headers: Sequence[Dataset], keywords: Iterable[str]) -> None:
        self.headers = headers
        self.sets = [character_set(header) for header in headers]
        self._copies = [{keyword: copied_element(header, keyword) for keyword in keywords} for header in headers]
        self._chosen = next((number for number in range(len(headers)) if self._is_consistent(number)), 0)
        self.characters = self.sets[self._chosen]

    def agreed(self, keyword: str) -> Copy:
        """The element that all slices have in common; None where they differ."""
        return None if self.differ(keyword) else self.chosen(keyword)

    def chosen(self, keyword: str) -> Copy:
        """The element of the header whose texts stand for those of all."""
        return self._copies[self._chosen][keyword]

    def differ(self, keyword: str) -> bool:
        """Whether the slices say different things, in sequences too. Where the character sets of texts differ and not
        all of the texts are of theirs, nobody can tell, and it is taken for the same."""
        told = [_values(copies[keyword]) for copies in self._copies]
        return any(self._differ([values.get(place, b"") for values in told]) for place in set().union(*told))

    def _differ(self, values: list[Any]) -> bool:
        if all(value == values[0] for value in values):
            return False
        if not all(isinstance(value, bytes) for value in values):
            return True
        told = {(text, tuple(characters)) for text, characters in zip(values, self.sets, strict=True)}
        readings = {decoded(text, characters) for text, characters in told}
        one_set = len({characters for _, characters in told}) == 1
        return len(readings) > 1 and (one_set or not any("\ufffd" in reading for reading in readings))

    def _is_consistent(self, number: int) -> bool:
        values = [value for element in self._copies[number].values() for value in _values(element).values()]
        return all(is_consistent(value, self.sets[number]) for value in values if isinstance(value, bytes))


def copied_element(dataset: Dataset, keyword: str | BaseTag) -> Copy:
    """The element for another data set, with the VR of the data dictionary; None where there is none, or one that
    nobody can read. Its texts are bytes, those within sequences too."""
    text = stored_text(dataset, keyword)
    if text is not None:
        return text_element(keyword, text)
    tag = Tag(keyword)
    representation = dictionary_VR(tag)
    if representation == "DS":
        return _decimal_element(dataset, tag)
    element = readable(dataset, tag)
    if element is None or (representation == "SQ") != (element.VR == "SQ"):
        return None
    if representation == "SQ":
        return DataElement(tag, "SQ", [_copied_item(item) for item in element.value])
    if element.is_empty or element.VR in representation.split(" or "):
        return copy.deepcopy(element)
    values = _values_of(element)
    if representation in STR_VR and all(isinstance(value, str) for value in values):
        return DataElement(tag, representation, [str(value) for value in values])
    return None


def readable(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    """The element, unless it is not there or nobody can read it. pydicom forgets the bytes of texts that it reads."""
    try:
        return dataset.get(tag)
    except Exception:  # noqa: BLE001 (whatever pydicom runs into: a length, a number or items that are none)
        return None


def without_unreadable(header: Dataset) -> Dataset:
    """The header, of which whatever is neither text nor a decimal string can be asked for."""
    for tag in list(header.keys()):
        if dictionary_VR(tag) not in (*TEXT_REPRESENTATIONS, "DS") and readable(header, tag) is None:
            del header[tag]
    return header


def filled(elements: Iterable[Copy]) -> Dataset:
    """The data set of these elements, but for what is empty and must not be."""
    dataset = Dataset()
    for element in elements:
        if element is not None and (not _is_empty(element.value) or element.tag in map(Tag, MAY_BE_EMPTY)):
            dataset[element.tag] = element
    return written_as_stored(dataset)


def _decimal_element(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    """With its numbers as they are stored where they have the form of decimal strings (PS3.5 table 6.2-1)."""
    element = readable(dataset, tag)
    if element is None:  # pydicom reads no decimal comma
        stored = dataset.get_item(tag)
        if stored is None or not may_be_text(stored.VR):
            return None
    elif element.is_empty:
        return DataElement(tag, "DS", None)
    elif element.VR == "DS" and all(is_valid_ds(str(value)) for value in _values_of(element)):
        return copy.deepcopy(element)
    numbers = decimals(dataset, keyword_for_tag(tag))
    return None if numbers is None else DataElement(tag, "DS", [format_number_as_ds(number) for number in numbers])


def _copied_item(item: Dataset) -> Dataset:
    elements = (copied_element(item, tag) for tag in list(item.keys()) if dictionary_has(tag))
    copied = Dataset()
    for element in elements:
        if element is not None:
            copied[element.tag] = element
    return written_as_stored(copied)


def _values(element: Copy, place: tuple[int, ...] = ()) -> dict[tuple[int, ...], Any]:
    """What an element tells, by its place within the items of sequences; nothing of what is empty. Texts are bytes."""
    if element is None or _is_empty(element.value):
        return {}
    if isinstance(element, RawDataElement) or element.VR != "SQ":
        return {place: element.value.rstrip(b" \0") if isinstance(element.value, bytes) else element.value}
    told = {}
    for number, item in enumerate(element.value):
        for tag in item.keys():  # noqa: SIM118 (items of a data set are read)
            told.update(_values(item.get_item(tag), (*place, number, tag)))
    return told


def _values_of(element: DataElement) -> list[Any]:
    return list(element.value) if isinstance(element.value, MultiValue) else [element.value]


def _is_empty(value: Any) -> bool:
    return value is None or (hasattr(value, "__len__") and len(value) == 0)


def dictionary_has(tag: BaseTag) -> bool:
    """Whether the standard names this element; private ones are never taken over."""
    try:
        return bool(dictionary_VR(tag))
    except KeyError:
        return False
