"""How a batch makes itself known to an archive: by the environment, over TLS, and in no other place."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from small_archive import SmallArchive
from ThinSliceSRLib.engine.batch.archive.access import (
    PASSWORD,
    TOKEN,
    TOKEN_COMMAND,
    USER,
    connected,
)
from ThinSliceSRLib.engine.batch.archive.failure import ArchiveFailure
from ThinSliceSRLib.engine.errors import UnusableInput


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of an archive that holds nothing, and the Authorization of each request that it got."""
    authorizations: list[str] = []

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            authorizations.append(self.headers.get("Authorization", ""))
            self.send_response(401 if "/401" in self.path else 200)
            self.send_header("Content-Type", "application/dicom+json")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Empty) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/dicom-web", authorizations
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("environment", "authorization"),
    [
        ({}, ""),
        ({USER: "reader", PASSWORD: "s3cret"}, "Basic cmVhZGVyOnMzY3JldA=="),
        ({USER: "reader\n", PASSWORD: "пароль€\n"}, "Basic cmVhZGVyOtC/0LDRgNC+0LvRjOKCrA=="),
        ({TOKEN: "t0ken"}, "Bearer t0ken"),
        ({TOKEN: "t0ken\n"}, "Bearer t0ken"),
    ],
)
def test_the_archive_gets_what_the_environment_holds_and_logs_do_not(
    environment: dict[str, str],
    authorization: str,
    asked: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    address, authorizations = asked
    with caplog.at_level(logging.DEBUG), connected(address) as client:
        assert client.search_for_studies() == []
    assert authorizations == [authorization]
    assert caplog.text
    assert not any(secret in caplog.text for secret in ("s3cret", "t0ken", "cmVhZGVyOnMzY3JldA"))


@pytest.mark.parametrize("token", ["s3cret\ns3cret", "s3crét", "s3cret\x7f", "\n"])
def test_what_no_header_can_hold_is_refused_and_not_told(token: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(TOKEN, token)
    with pytest.raises(ArchiveFailure, match=f"What {TOKEN} holds") as failure, connected("https://pacs.example/web"):
        pass
    assert "s3c" not in "".join(traceback.format_exception(failure.value, limit=0))


def test_a_host_that_the_archive_leads_to_gets_no_token(
    asked: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    elsewhere, authorizations = asked
    program = tmp_path / "give_token.py"
    program.write_text("import time\nprint(time.time_ns())\n")  # each call another one
    monkeypatch.setenv(TOKEN_COMMAND, f"{sys.executable} {program}")
    with (
        SmallArchive(leads_to=f"{elsewhere}/401") as archive,
        pytest.raises(ArchiveFailure, match=r"refuses access \(401\)"),
        connected(archive.address) as client,
    ):
        client.search_for_studies()
    assert authorizations == [""]


def test_credentials_do_not_travel_for_all_to_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(TOKEN, "t0ken")
    with pytest.raises(UnusableInput, match="use the archive's https address"), connected("http://pacs.example/web"):
        pass


def test_credentials_in_an_address_are_refused():
    address = "https://reader:s3cret@pacs.example/web"
    with pytest.raises(UnusableInput, match="Leave user and password out") as failure, connected(address):
        pass
    assert "s3cret" not in str(failure.value)
