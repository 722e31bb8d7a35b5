"""A DICOM archive by DICOMweb (PS3.18): its series are found by QIDO, fetched by WADO and sent back by STOW.

Credentials come from the environment alone, of each process that speaks to the archive, so that they stand in no
command line, no log and no message of the cluster. Messages hold the status that the archive answers, never its text,
which may quote what it stores; the log of the client, which would tell it, is kept silent.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import pydicom

from ..addresses import has_user_info, is_address, shown
from ..errors import ThinSliceError, UnusableInput, in_plain_words
from ..file_names import short_hash
from ..volumes.dicom_headers import TAGS
from ..volumes.replacing import writing_refusal
from ..volumes.unfinished import remove_unfinished, unfinished_name
from .source import Source
from .thick_series import may_be_thick_chest

if TYPE_CHECKING:
    from dicomweb_client import DICOMwebClient
    from requests import Response

USER, PASSWORD, TOKEN = (f"THINSLICESR_ARCHIVE_{name}" for name in ("USER", "PASSWORD", "TOKEN"))
TIMEOUT_S = (20, 300)  # to be reached, and between two pieces of an answer: archives fetch from tape
PAGE = 200
SENT_AT_ONCE = 40
CHUNK_BYTES = 100_000_000  # what is sent at once is less, so that it tells its length and can be sent again
AS_STORED = (("application/dicom", "*"),)
UNTOLD = "an untold number of instances"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
Answer = TypeVar("Answer")
ANSWER = "archive_answer"  # the code of a failure that may concern one series alone


class ArchiveFailure(ThinSliceError):
    """The archive cannot be reached, refuses, or does not give or take what it should."""

    exit_code = 2
    code = "archive"


def is_archive(source: str) -> bool:
    """Whether a batch's source is the address of an archive."""
    return source.lower().startswith(("http://", "https://"))


@contextmanager
def connected(address: str) -> Iterator[DICOMwebClient]:
    """A client of the archive; what goes wrong with it within the block is raised as ArchiveFailure."""
    try:
        import requests
        from dicomweb_client import DICOMwebClient
    except ImportError as error:
        raise UnusableInput(
            "Archives need dicomweb-client; install it with: pip install dicomweb-client", "no_dicomweb_client"
        ) from error
    _require_safe(address)
    logging.getLogger("dicomweb_client").setLevel(logging.CRITICAL)
    with _plain_failures(), requests.Session() as session:
        session.auth = _credentials()
        yield DICOMwebClient(address.rstrip("/"), session=session, chunk_size=CHUNK_BYTES, timeout=TIMEOUT_S)


@contextmanager
def _plain_failures() -> Iterator[None]:
    """What requests and dicomweb-client raise within the block, as ArchiveFailure."""
    import requests
    from retrying import RetryError  # when the archive stays busy

    try:
        yield
    except requests.HTTPError as error:
        raise _refused(error.response) from error
    except requests.exceptions.SSLError as error:
        raise ArchiveFailure(
            "The archive's certificate is not trusted here; name the file of your institution's certificates in the "
            "environment variable REQUESTS_CA_BUNDLE."
        ) from error
    except requests.JSONDecodeError as error:
        raise _not_understood() from error
    except (requests.RequestException, RetryError) as error:
        raise ArchiveFailure("The archive does not answer; check its address and the network.") from error
    except (ValueError, KeyError, TypeError, AttributeError, pydicom.errors.InvalidDicomError) as error:
        raise _not_understood() from error


def thick_series_of(
    address: str, dates: str | None, modality: str, least_thickness_mm: float | None
) -> tuple[list[Source], set[str]]:
    """The series of thick chest CT in the archive, and the UIDs of all series that were looked at.

    dates: study dates, YYYYMMDD or YYYYMMDD-YYYYMMDD. A series of which the archive gives no header is told with that
    as its problem. Raises ArchiveFailure.
    """
    studies = {"ModalitiesInStudy": modality, **({"StudyDate": dates} if dates else {})}
    of_modality = {"search_filters": {"Modality": modality}, "fields": ["NumberOfSeriesRelatedInstances"]}
    sources, seen = [], set()
    with connected(address) as client:
        for study in _pages(client.search_for_studies, "0020000D", search_filters=studies):
            told, problem = _of_one(_pages, client.search_for_series, "0020000E", study, **of_modality)
            if told is None:
                place = f"{address}/studies/{study}"
                sources.append(Source(f"study-{short_hash(study)}", place, problem=problem))
            for series, entry in (told or {}).items():
                seen.add(series)
                instances = _whole_number(entry, "00201209")
                wanted, problem = _of_one(_is_wanted, client, study, series, instances, least_thickness_mm)
                if wanted or problem:
                    version = f"{instances} instances" if instances else UNTOLD
                    source = Source(series, address, series=series, study=study, version=version, problem=problem)
                    sources.append(source)
    return sources, seen


def _of_one(ask: Callable[..., Answer], *of_what: Any, **query: Any) -> tuple[Answer | None, tuple[str, str] | None]:
    """What is asked of one study or series, or code and sentence of a problem that need not concern the others.

    Raises ArchiveFailure when it is one of the whole archive.
    """
    try:
        with _plain_failures():
            return ask(*of_what, **query), None
    except ArchiveFailure as failure:
        if failure.code != ANSWER:
            raise
        return None, (failure.code, str(failure))
    except Exception as error:  # noqa: BLE001 - whatever pydicom makes of one header must not stop the others
        failure = in_plain_words(error)
        return None, (failure.code, str(failure))


@contextmanager
def fetched_series(source: Source, beside: Path) -> Iterator[Path]:
    """A folder within `beside`, for this user alone, with the files of the series as they are stored; then it is gone.

    Raises ArchiveFailure when not all of its instances come, CannotWrite when they cannot be written.
    """
    folder = beside / unfinished_name("")
    try:
        count = _fetch(source, folder)
        if f"{count} instances" != source.version and source.version != UNTOLD:
            raise ArchiveFailure(f"The archive told of {source.version} of the series, but gave {count}; run again.")
        yield folder
    finally:
        with suppress(OSError):  # a file that another program still reads; the next run removes it
            remove_unfinished(folder)


def _fetch(source: Source, folder: Path) -> int:
    """How many instances of the series were written into `folder`, which is made."""
    count = written = 0
    try:
        folder.mkdir(mode=0o700)
        with connected(source.place) as client:
            for dataset in client.iter_series(source.study, source.series, media_types=AS_STORED):
                count += 1
                with (folder / f"{count:05d}.dcm").open("xb") as file:
                    dataset.save_as(file)
                    written += file.tell()
    except OSError as error:
        raise writing_refusal(folder.parent, error, written) from error
    return count


def send_series(source: Source, folder: Path) -> list[str]:
    """Sends all DICOM files in `folder` into the study of `source`; returns the UIDs of their series.

    Whoever sends an instance again sends the same, so a repetition adds nothing. Raises ArchiveFailure.
    """
    files = iter(sorted(folder.rglob("*.dcm")))
    study = source.study
    sent: dict[str, None] = {}
    with connected(source.place) as client:
        while datasets := [pydicom.dcmread(path) for path in islice(files, SENT_AT_ONCE)]:
            answer = client.store_instances(datasets, study)
            series = dict.fromkeys(str(dataset.SeriesInstanceUID) for dataset in datasets)
            taken = {item.ReferencedSOPInstanceUID for item in answer.get("ReferencedSOPSequence", [])}
            if not taken and "FailedSOPSequence" not in answer:  # of the forms that an answer may have, few are read
                taken = {uid for one in series for uid in _pages(client.search_for_instances, "00080018", study, one)}
            refused = [dataset for dataset in datasets if dataset.SOPInstanceUID not in taken]
            if refused:
                raise ArchiveFailure(f"The archive did not take {len(refused)} of the derived slices; see its log.")
            sent.update(series)
    return list(sent)


def _is_wanted(
    client: DICOMwebClient, study: str, series: str, count: int | None, least_thickness_mm: float | None
) -> bool:
    """By the header of one instance: what archives tell of a series does not hold its thickness."""
    instances = client.search_for_instances(study, series, limit=1)
    if not instances:
        return False
    metadata = client.retrieve_instance_metadata(study, series, _value(instances[0], "00080018"))
    told = {f"{tag:08X}": metadata[f"{tag:08X}"] for tag in TAGS if f"{tag:08X}" in metadata}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        return may_be_thick_chest(pydicom.Dataset.from_json(told), count, least_thickness_mm)


def _pages(search: Any, uid_tag: str, *place: str, **query: Any) -> dict[str, dict[str, Any]]:
    """All results of a search by their UIDs. An archive that knows no pages ends it by telling nothing new."""
    found: dict[str, dict[str, Any]] = {}
    while True:
        page: Sequence[dict[str, Any]] = search(*place, limit=PAGE, offset=len(found), **query)
        new = {_value(entry, uid_tag): entry for entry in page}
        if not new.keys() - found.keys():
            return found
        found.update(new)


def _value(entry: dict[str, Any], tag: str) -> Any:
    return (entry.get(tag, {}).get("Value") or [""])[0]


def _whole_number(entry: dict[str, Any], tag: str) -> int | None:
    try:
        return int(_value(entry, tag))
    except ValueError:  # it is not told
        return None


def _require_safe(address: str) -> None:
    """Returns when no credentials stand in the address and none would travel for all to read."""
    if has_user_info(address):
        raise UnusableInput(
            f"Leave user and password out of the address; set {USER} and {PASSWORD}, or {TOKEN}.", "wrong_usage"
        )
    if not is_address(address) or set(address) & set("?#"):
        raise UnusableInput(
            f"{shown(address)} is no DICOMweb address; write it as https://host/path, without a query.", "wrong_usage"
        )
    parts = urlsplit(address)
    credentials = any(os.environ.get(name) for name in (USER, TOKEN))
    if parts.scheme != "https" and credentials and parts.hostname not in LOOPBACK:
        raise UnusableInput("Credentials would travel for all to read; use the archive's https address.", "wrong_usage")


def _credentials() -> Any:
    """As requests takes them: user and password, or what puts the token into a request, but into no log."""
    if token := os.environ.get(TOKEN):

        def authorize(request: Any) -> Any:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        return authorize
    user = os.environ.get(USER)
    return (user, os.environ.get(PASSWORD, "")) if user else None


def _refused(response: Response | None) -> ArchiveFailure:
    assert response is not None  # an HTTPError tells of one
    status = response.status_code
    if status in (401, 403):
        return ArchiveFailure(
            f"The archive refuses access ({status}); set {USER} and {PASSWORD}, or {TOKEN}, wherever workers run."
        )
    return ArchiveFailure(f"The archive answered {status}; check its address and its log.", ANSWER)


def _not_understood() -> ArchiveFailure:
    return ArchiveFailure("The archive's answer is none that DICOMweb knows; check its address and its log.", ANSWER)
