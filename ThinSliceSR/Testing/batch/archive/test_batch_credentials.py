"""How a batch makes itself known to an archive: by the environment, over TLS, and in no other place."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from ThinSliceSRLib.engine.batch.archive.access import PASSWORD, TOKEN, USER, connected
from ThinSliceSRLib.engine.errors import UnusableInput


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of an archive that holds nothing, and the Authorization of each request that it got."""
    authorizations: list[str] = []

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            authorizations.append(self.headers.get("Authorization", ""))
            self.send_response(200)
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
        ({TOKEN: "t0ken"}, "Bearer t0ken"),
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


def test_credentials_do_not_travel_for_all_to_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(TOKEN, "t0ken")
    with pytest.raises(UnusableInput, match="use the archive's https address"), connected("http://pacs.example/web"):
        pass


def test_credentials_in_an_address_are_refused():
    address = "https://reader:s3cret@pacs.example/web"
    with pytest.raises(UnusableInput, match="Leave user and password out") as failure, connected(address):
        pass
    assert "s3cret" not in str(failure.value)
