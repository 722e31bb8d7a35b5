"""Archives that answer what they should not: one plain sentence, and a series of theirs does not stop the others."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from batches import rows
from dicom_making import files_of, write_series, write_slice
from small_archive import SmallArchive
from ThinSliceSRLib.engine.batch.archive.failure import ArchiveFailure
from ThinSliceSRLib.engine.batch.archive.fetching import fetched_series, thick_series_of
from ThinSliceSRLib.engine.batch.archive.sending import send_series
from ThinSliceSRLib.engine.batch.sources.source import Source
from ThinSliceSRLib.engine.errors import CannotWrite, UnusableInput

SECRET = "Musterfrau^Erika"
AXIAL, CORONAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1)
PLACE = {
    "00200032": ("DS", -100, -80, -300),
    "00200037": ("DS", *AXIAL),
    "00280010": ("US", 512),
    "00280011": ("US", 512),
    "00280030": ("DS", 0.7, 0.7),
}


def element(vr: str, *values: object) -> dict:
    return {"vr": vr, "Value": list(values)}


def header(thickness: object = 5, **others: tuple | None) -> list[dict]:
    """Of a thick slice of CT; others: elements by their tags, None leaves one out."""
    kind = {"00080060": ("CS", "CT"), "0020000E": ("UI", "1.2.0"), "00180050": ("DS", thickness)}
    told = {**kind, **PLACE, **others}
    name = element("PN", {"Alphabetic": SECRET})
    return [{"00100010": name, **{tag: element(*values) for tag, values in told.items() if values}}]


# Series UIDs with the answers to the question for the header of one slice, and their status.
ANSWERS = {
    "1.2.1": (header(), 200),
    "1.2.2": ({"error": SECRET}, 500),
    "1.2.3": (header(f"5 mm {SECRET}"), 200),
    "1.2.4": (header(1), 200),
    "1.2.5": (header(**{"00200037": ("DS", *CORONAL)}), 200),
    "1.2.6": (header(**dict.fromkeys((*PLACE, "00180050"))), 200),  # a dose report
    "1.2.7": (header(**{"00281054": ("LO", "Z_EFF")}), 200),
    "1.2.8": (header(), 200),  # the only one of its series
}


class OddArchive(BaseHTTPRequestHandler):
    """Knows one study, of whose series only the first is what it should be."""

    def do_GET(self) -> None:
        place = self.path.partition("?")[0]
        series = next((uid for uid in ANSWERS if f"/series/{uid}/" in f"{place}/"), "")
        if place == "/dicom-web/studies":
            self.answer([{"0020000D": element("UI", "1.2")}])
        elif place == "/dicom-web/studies/1.2/series":
            counts = {uid: 1 if uid == "1.2.8" else 2 for uid in ANSWERS}
            self.answer(
                [{"0020000E": element("UI", uid), "00201209": element("IS", count)} for uid, count in counts.items()]
            )
        elif place.endswith("/instances"):
            self.answer([{"00080018": element("UI", f"{series}.1")}])
        elif place.endswith("/metadata"):
            self.answer(*ANSWERS.get(series, ({}, 404)))
        else:
            self.answer(f"<html>{SECRET}</html>", kind="text/html")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({}, kind="application/dicom+json; charset=utf-8")  # which the client does not read

    def answer(self, content: object, status: int = 200, kind: str = "application/dicom+json") -> None:
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Warning", f"299 archive: there is more about {SECRET}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def archive() -> Iterator[str]:
    """The address of an odd archive."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), OddArchive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    server.shutdown()
    server.server_close()


def test_only_thick_axial_ct_is_wanted_and_a_header_that_cannot_be_read_hides_no_other(archive: str, capfd):
    found, seen = thick_series_of(archive, None, "CT", None)
    assert seen == set(ANSWERS)
    assert {source.series: source.left_out for source in found if source.left_out} == {
        "1.2.4": "Its slices are 1 mm thick, less than is wanted.",
        "1.2.5": "Its slices are not axial.",
        "1.2.6": "Its images do not say where they lie.",
        "1.2.7": "Its values are no HU but another quantity.",
        "1.2.8": "It holds a single slice.",
    }
    good, without, odd = (source for source in found if not source.left_out)
    assert (good.series, good.problem, good.version) == ("1.2.1", None, "2 instances")
    assert without.problem == ("archive_answer", "The archive answered 500; check its address and its log.")
    assert odd.series == "1.2.3"
    assert odd.problem[0] == "archive_answer"
    assert SECRET not in str(found)
    assert capfd.readouterr() == ("", "")


NULL, NUMBER = {"vr": "UI", "Value": [None]}, {"vr": "UI", "Value": [123]}


@pytest.mark.parametrize(
    ("level", "entry"),
    [*(("series", {"0020000E": odd}) for odd in (NULL, NUMBER, None, [])), ("series", {}), ("series", None),
     ("series", {"0020000E": element("UI", "1.2.99"), "00201209": element("IS", None)}),
     *(("studies", {"0020000D": odd}) for odd in (NULL, NUMBER)), ("studies", None)],
)  # fmt: skip
def test_an_odd_entry_of_a_list_fails_alone(level: str, entry: object, archive: str, monkeypatch: pytest.MonkeyPatch):
    answer = OddArchive.answer

    def answer_with_it(self: OddArchive, content: object, *rest: object, **others: object) -> None:
        listed = [entry, *content] if self.path.partition("?")[0].endswith(level) else content
        answer(self, listed, *rest, **others)

    monkeypatch.setattr(OddArchive, "answer", answer_with_it)
    before = {"1.2.2", "1.2.3"}  # which have problems of their own
    found, seen = thick_series_of(archive, None, "CT", None)
    assert "1.2.1" in {source.series for source in found if not source.problem and not source.left_out}
    [odd] = [source for source in found if source.problem and source.series not in before]
    assert odd.problem[0] == "archive_answer"
    assert seen >= set(ANSWERS)


def test_series_of_two_studies_under_one_uid_are_told_as_a_problem(tmp_path: Path):
    with SmallArchive() as archive:
        for study in ("1.2.7", "1.2.8"):
            write_series(tmp_path / study, np.zeros((5, 4, 4)), SeriesInstanceUID="1.2.1", StudyInstanceUID=study)
            archive.add(files_of(tmp_path / study))
        [source], _ = thick_series_of(archive.address, None, "CT", None)
    assert source.problem[0] == "several_series"


def test_what_is_no_dicom_is_told_in_one_sentence(archive: str, tmp_path: Path, batch):
    with pytest.raises(UnusableInput, match="3 of 3 volumes failed"):
        batch(archive, tmp_path / "out")
    told = rows(tmp_path / "out")
    assert told["1.2.1"]["failure_code"] == "archive_answer"
    assert re.fullmatch(r"The archive's answer is none that DICOMweb knows; .*\.", told["1.2.1"]["failure"])
    assert SECRET not in (tmp_path / "out" / "manifest.json").read_text()


def test_an_address_that_leads_to_a_web_page_is_told_in_one_sentence(archive: str):
    with pytest.raises(ArchiveFailure, match=r"none that DICOMweb knows; check its address"):
        thick_series_of(archive.replace("dicom-web", "wiki"), None, "CT", None)


def test_a_disk_that_takes_nothing_is_told_as_such(archive: str, tmp_path: Path):
    (tmp_path / "file").touch()
    source = Source("1.2.1", archive, series="1.2.1", study="1.2")
    with pytest.raises(CannotWrite), fetched_series(source, tmp_path / "file"):
        pass


def test_an_archive_that_does_not_tell_what_it_took_is_asked_what_it_holds(archive: str, tmp_path: Path):
    source = Source("1.2.9", archive, series="1.2.9", study="1.2")
    held = {"SeriesInstanceUID": "1.2.1", "SOPInstanceUID": "1.2.1.1"}
    write_slice(tmp_path / "DLS" / "0001.dcm", np.zeros((4, 4)), (0, 0, 0), **held)
    assert send_series(source, tmp_path) == ["1.2.1"]
    write_slice(tmp_path / "DLS" / "0002.dcm", np.zeros((4, 4)), (0, 0, 5), **{**held, "SOPInstanceUID": "1.2.1.2"})
    with pytest.raises(ArchiveFailure, match="did not take 1 of the derived slices"):
        send_series(source, tmp_path)
