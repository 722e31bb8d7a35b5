"""A small DICOMweb archive on this machine, which can be told to behave as real ones do when they behave badly."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

import pydicom

BOUNDARY = "xyzBOUNDARYxyz"
STUDY, SERIES, INSTANCE, COUNT = "0020000D", "0020000E", "00080018", "00201209"


@dataclass
class SmallArchive:
    """held: the files of instances by the UIDs of study, series and instance. The rest says how it behaves.

    counts: whether it tells numbers of instances. withheld: how many instances of a series it does not give.
    status: of what it gives. busy: answers (status, Retry-After) to the next requests. refuses_again: what it holds
    already is refused, as by some. loses_answers: how many of the next instances that are stored end in a status 500.
    tokens: those that it knows; None asks for none. answers_metadata: how often it tells of an instance; None: always.
    cut: how many bytes it leaves off at the end of a series, of which it then tells no length; negative: after how many
    it ends. leads_to: the address that it answers with to all that it is asked (a redirect).
    """

    held: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    counts: bool = True
    withheld: int = 0
    status: int = 200
    busy: list[tuple[int, str | None]] = field(default_factory=list)
    refuses_again: bool = False
    loses_answers: int = 0
    tokens: set[str] | None = None
    answers_metadata: int | None = None
    cut: int = 0
    leads_to: str = ""
    asked: list[tuple[str, str, float]] = field(default_factory=list)

    def add(self, files: Iterable[Path]) -> None:
        for path in files:
            self.store(path.read_bytes())

    def store(self, content: bytes) -> tuple[str, bool]:
        """Its UID, and whether it was taken."""
        dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
        key = (str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID))
        taken = not (self.refuses_again and key in self.held)
        self.held.setdefault(key, content)
        return key[2], taken

    def of(self, *place: str) -> list[tuple[str, str, str]]:
        return sorted(key for key in self.held if key[: len(place)] == place)

    def __enter__(self) -> SmallArchive:
        handler = type("Handler", (Answers,), {"archive": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/web"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def element(vr: str, *values: object) -> dict:
    return {"vr": vr, "Value": list(values)}


class Answers(BaseHTTPRequestHandler):
    """What the archive answers."""

    protocol_version = "HTTP/1.1"
    archive: SmallArchive

    def do_GET(self) -> None:
        if self.turned_away():
            return
        place, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if place == "/web/studies":
            self.page([{STUDY: element("UI", study)} for study in sorted({key[0] for key in self.archive.held})], query)
        elif match := re.fullmatch(r"/web/studies/([\d.]+)/series", place):
            series = sorted({key[1] for key in self.archive.of(match[1])})
            counts = {uid: {COUNT: element("IS", len(self.archive.of(match[1], uid)))} for uid in series}
            told = [{SERIES: element("UI", uid), **(counts[uid] if self.archive.counts else {})} for uid in series]
            self.page(told, query)
        elif match := re.fullmatch(r"/web/studies/([\d.]+)/series/([\d.]+)/instances", place):
            self.page([{INSTANCE: element("UI", key[2])} for key in self.archive.of(match[1], match[2])], query)
        elif match := re.fullmatch(r"/web/studies/([\d.]+)/series/([\d.]+)/instances/([\d.]+)/metadata", place):
            if self.archive.answers_metadata is not None:
                self.archive.answers_metadata -= 1
                if self.archive.answers_metadata < 0:
                    self.answer(500)
                    return
            content = self.archive.held[match[1], match[2], match[3]]
            self.answer(200, [pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True).to_json_dict()])
        elif match := re.fullmatch(r"/web/studies/([\d.]+)/series/([\d.]+)", place):
            keys = self.archive.of(match[1], match[2])
            given = [self.archive.held[key] for key in keys[: len(keys) - self.archive.withheld]]
            parts = b"".join(
                f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part + b"\r\n" for part in given
            )
            kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
            content = parts + f"--{BOUNDARY}--\r\n".encode()
            self.answer(self.archive.status, content[: -self.archive.cut or None], kind)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.turned_away():
            return
        boundary = re.search('boundary="?([^";]+)', self.headers["Content-Type"])[1].encode()
        parts = [part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in body.split(b"--" + boundary)[1:-1]]
        outcomes = [self.archive.store(part) for part in parts]
        if self.archive.loses_answers:
            self.archive.loses_answers -= 1
            self.answer(500)
            return
        good = [{"00081155": element("UI", uid)} for uid, taken in outcomes if taken]
        bad = [
            {"00081155": element("UI", uid), "00081197": element("US", 45070)} for uid, taken in outcomes if not taken
        ]
        told = {tag: {"vr": "SQ", "Value": items} for tag, items in (("00081199", good), ("00081198", bad)) if items}
        self.answer(200 if not bad else 202 if good else 409, told)

    def turned_away(self) -> bool:
        """Whether it was answered without what was asked for."""
        self.archive.asked.append((self.command, urlsplit(self.path).path, time.monotonic()))
        known = self.archive.tokens
        if known is not None and self.headers.get("Authorization", "").removeprefix("Bearer ") not in known:
            self.answer(401)
            return True
        if self.archive.leads_to:
            self.answer(302, headers={"Location": self.archive.leads_to})
            return True
        if self.archive.busy:
            status, after = self.archive.busy.pop(0)
            self.answer(status, headers={"Retry-After": after} if after else {})
            return True
        return False

    def page(self, found: list[dict], query: dict[str, list[str]]) -> None:
        offset, limit = (int(query.get(name, [default])[0]) for name, default in (("offset", "0"), ("limit", "100")))
        self.answer(200, found[offset : offset + min(limit, 100)])

    def answer(self, status: int, content: object = b"", kind: str = "application/dicom+json", headers=None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if self.archive.cut and kind.startswith("multipart"):
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
