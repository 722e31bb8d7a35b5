"""A DICOM archive by DICOMweb (PS3.18): its series are found by QIDO and fetched by WADO."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pydicom

from ...dicom_in.headers import TAGS, is_localiser
from ...dicom_in.series import series_of_file
from ...dicom_in.series_choice import AT_ONE_PLACE
from ...dicom_in.thickest import Stack, thicker_one
from ...errors import in_plain_words
from ...outputs.file_names import short_hash
from ...outputs.replacing import writing_refusal
from ...outputs.unfinished import remove_unfinished, unfinished_name
from ...volumes.slice_steps import SAME_PLACE_MM
from ..sources.copies import each_once
from ..sources.source import Source
from ..sources.thick_series import why_not_fetched
from .access import connected, plain_failures
from .failure import ANSWER, ArchiveFailure
from .wholeness import PARTIAL_CONTENT, Wholeness, is_cut_short

if TYPE_CHECKING:
    from dicomweb_client import DICOMwebClient

PAGE = 100  # all archives give as much at once, some not more
AS_STORED = (("application/dicom", "*"),)
UNTOLD = "an untold number of instances"
Answer = TypeVar("Answer")


def thick_series_of(
    address: str, dates: str | None, modality: str, least_thickness_mm: float | None
) -> tuple[list[Source], set[str]]:
    """The series of these studies in the archive, and the UIDs of all series that were looked at.

    dates: study dates, YYYYMMDD or YYYYMMDD-YYYYMMDD. All but those of thick chest CT tell why they are left out; those
    made by no scanner are passed over. A series of which the archive gives no header is told with that as its problem.
    Raises ArchiveFailure.
    """
    studies = {"ModalitiesInStudy": modality, **({"StudyDate": dates} if dates else {})}
    of_modality = {"search_filters": {"Modality": modality}, "fields": ["NumberOfSeriesRelatedInstances"]}
    sources, seen = [], set()
    with connected(address) as client:
        for study in _pages(client.search_for_studies, "0020000D", search_filters=studies):
            if not study:
                sources.append(_nameless("study", f"{address}/studies"))
                continue
            place = f"{address}/studies/{study}"
            told, problem = _of_one(_pages, client.search_for_series, "0020000E", study, **of_modality)
            if told is None:
                sources.append(Source(f"study-{short_hash(study)}", place, problem=problem))
            of_study = []
            for series, entry in (told or {}).items():
                if not series:
                    sources.append(_nameless("series", place))
                    continue
                seen.add(series)
                instances = _whole_number(entry, "00201209")
                version = f"{instances} instances" if instances else UNTOLD
                source = Source(series, address, series=series, study=study, images=study, version=version)
                looked_at, problem = _of_one(_looked_at, client, source, instances, least_thickness_mm)
                if problem:
                    of_study.append(replace(source, problem=problem))
                elif looked_at:
                    of_study.append(looked_at)
            sources += [_verified(client, source, of_study) for source in of_study]
    return each_once(sources), seen


def _nameless(what: str, place: str) -> Source:
    sentence = f"The archive lists a {what} here without a UID that is a text; see its log."
    return Source(f"{what}-{short_hash(place)}", place, problem=(ANSWER, sentence))


def _of_one(ask: Callable[..., Answer], *of_what: Any, **query: Any) -> tuple[Answer | None, tuple[str, str] | None]:
    """What is asked of one study or series, or code and sentence of a problem that need not concern the others.

    Raises ArchiveFailure when it is one of the whole archive.
    """
    try:
        with plain_failures():
            return ask(*of_what, **query), None
    except ArchiveFailure as failure:
        if failure.code != ANSWER:
            raise
        return None, (failure.code, str(failure))
    except Exception as error:  # noqa: BLE001 - whatever pydicom makes of one header must not stop the others
        plain = in_plain_words(error)
        return None, (plain.code, str(plain))


@contextmanager
def fetched_series(source: Source, beside: Path) -> Iterator[Path]:
    """A folder within `beside`, for this user alone, with the files of the series as they are stored; then it is gone.

    Raises ArchiveFailure when not all of its instances come, CannotWrite when they cannot be written.
    """
    folder = beside / unfinished_name("")
    try:
        _fetch(source, folder)
        yield folder
    finally:
        with suppress(OSError):  # a file that another program still reads; the next run removes it
            remove_unfinished(folder)


def _fetch(source: Source, folder: Path) -> None:
    """Writes the instances of the series into `folder`, which is made.

    They are all that there are when their number is the one that the archive told, when it lists no others, when its
    answer came to its end, and when it does not say itself that they are a part.
    """
    fetched: set[str] = set()
    wholeness = Wholeness()
    written = cut_short = 0
    try:
        folder.mkdir(mode=0o700)
        with connected(source.place, wholeness) as client:
            listed = held_instances(client, source.study, source.series)
            for number, dataset in enumerate(
                client.iter_series(source.study, source.series, media_types=AS_STORED), start=1
            ):
                if is_cut_short(dataset):
                    cut_short += 1
                    continue
                fetched.add(str(dataset.SOPInstanceUID))
                with (folder / f"{number:05d}.dcm").open("xb") as file:
                    dataset.save_as(file)
                    written += file.tell()
    except OSError as error:
        raise writing_refusal(folder.parent, error, written) from error
    except ArchiveFailure:
        if not wholeness.broken_off:  # else it is the last part that nobody understands
            raise
    if wholeness.broken_off:
        raise ArchiveFailure(
            f"The archive's answer broke off after {len(fetched)} instances of the series; see its log, and run again."
        )
    if cut_short:
        raise ArchiveFailure(
            f"The archive gave {len(fetched)} instances of the series and {cut_short} more that are cut short; see its "
            "log, and run again."
        )
    told = f"{max(len(listed), len(fetched))} instances" if source.version == UNTOLD else source.version
    if told != f"{len(fetched)} instances" or listed - fetched:
        told = told if told != f"{len(fetched)} instances" else f"{len(listed)} instances"
        raise ArchiveFailure(f"The archive told of {told} of the series, but gave {len(fetched)}; run again.")
    if wholeness.partial:
        raise ArchiveFailure(
            f"The archive gave {len(fetched)} instances of the series and said that they are not all (its answer "
            f"{PARTIAL_CONTENT}); see its log, and run again."
        )


def held_instances(client: DICOMwebClient, study: str, series: str) -> set[str]:
    """The UIDs of the instances of a series that the archive says to hold. Raises ArchiveFailure."""
    try:
        with plain_failures():
            return _pages(client.search_for_instances, "00080018", study, series).keys() - {""}
    except ArchiveFailure as failure:
        if failure.status == 404:  # of a series of which it holds none
            return set()
        raise


def _looked_at(
    client: DICOMwebClient, source: Source, count: int | None, least_thickness_mm: float | None
) -> Source | None:
    """The series with what the header of one instance tells: archives tell no thickness of a series itself.

    count: of its instances, where that is known. None for a series that no scanner made.
    """
    place = (source.study, source.series)
    if count is None:
        uids = [uid for uid in _pages(client.search_for_instances, "00080018", *place) if uid]
    else:
        uids = _first(client, source, 1)
    if not uids:
        return replace(source, left_out="The archive lists no instance of it.")
    header = _header(client, source, uids[0])
    count = len(uids) if count is None else count
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        told = series_of_file(Path(), header)
        reason = why_not_fetched(told, is_localiser(header), count, least_thickness_mm)
    if told.synthetic:
        return None
    if reason or told.thickness_mm is None:
        return replace(source, left_out=reason or "")
    reach_mm = told.stack.reach_mm if len(told.slices) > 1 else count * told.thickness_mm
    return replace(source, stack=Stack(source.study, told.thickness_mm, reach_mm))


def _verified(client: DICOMwebClient, source: Source, of_study: Sequence[Source]) -> Source:
    """The series, left out where it would be taken in the place of others of its study but is no volume: the slices by
    which a contrast agent is awaited lie at one place, and are thick."""
    stack = source.stack
    if not stack or all(other.stack is None or thicker_one(other.stack, [stack]) is None for other in of_study):
        return source
    apart, problem = _of_one(_lie_apart, client, source)
    if problem:
        return replace(source, stack=None)
    return source if apart else replace(source, left_out=AT_ONE_PLACE)


def _lie_apart(client: DICOMwebClient, source: Source) -> bool:
    """Whether two of its instances, or the frames of one, do not lie at one place."""
    places = []
    for uid in _first(client, source, 2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            slices = series_of_file(Path(), _header(client, source, uid)).slices
        places += [item.position_mm for item in slices]
    return bool(np.ptp(places, axis=0).max() > SAME_PLACE_MM)


def _first(client: DICOMwebClient, source: Source, count: int) -> list[str]:
    """The UIDs of some instances of a series."""
    found = client.search_for_instances(source.study, source.series, limit=count)
    return [uid for entry in found[:count] if (uid := _uid(entry, "00080018"))]


def _header(client: DICOMwebClient, source: Source, uid: str) -> pydicom.Dataset:
    """What the archive tells of one instance; only what `read_header` reads of a file."""
    metadata = client.retrieve_instance_metadata(source.study, source.series, uid)
    told = {f"{tag:08X}": metadata[f"{tag:08X}"] for tag in TAGS if f"{tag:08X}" in metadata}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        return pydicom.Dataset.from_json(told)


def _pages(search: Any, uid_tag: str, *place: str, **query: Any) -> dict[str, dict[str, Any]]:
    """All results of a search by their UIDs, under "" one of those that tell none. An archive that knows no pages ends
    it by telling nothing new."""
    found: dict[str, dict[str, Any]] = {}
    told = 0
    while True:
        page: Sequence[dict[str, Any]] = search(*place, limit=PAGE, offset=told, **query)
        new = {_uid(entry, uid_tag): entry for entry in page}
        if not new.keys() - found.keys():
            return found
        found.update(new)
        told += len(page)


def _uid(entry: Any, tag: str) -> str:
    value = _value(entry, tag)
    return value if isinstance(value, str) else ""


def _value(entry: Any, tag: str) -> Any:
    """The first value of an element in DICOM JSON (PS3.18 F.2), whatever stands in its place; None without one."""
    element = entry.get(tag) if isinstance(entry, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values else None


def _whole_number(entry: Any, tag: str) -> int | None:
    try:
        return int(_value(entry, tag))
    except (TypeError, ValueError, OverflowError):  # it is not told
        return None
