"""Where downloads come from: addresses, mirrors, proxies and certificates, and what is told when they fail."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import UnusableInput, WeightsError
from ThinSliceSRLib.engine.weights import http_transfer
from ThinSliceSRLib.engine.weights.download import MIRROR_VARIABLE, download
from weights_downloads import CONTENT, MODEL, OTHER, Listener, get, leave_part, names
from weights_server import Proxy, WeightsServer

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with WeightsServer(CONTENT) as server:
        yield server


@pytest.mark.parametrize("status", [401, 404, 407, 500, 503])
def test_an_answer_that_is_an_error_is_told(server: WeightsServer, own_folder: Path, status: int):
    server.statuses = [status]
    with pytest.raises(WeightsError, match=f"answered {status}") as caught:
        get(server)
    assert str(own_folder) in str(caught.value)
    assert names(own_folder) == set()
    get(server)
    assert names(own_folder) == {MODEL.file}


def test_a_redirection_is_followed_and_keeps_the_range(server: WeightsServer, own_folder: Path):
    leave_part(own_folder, CONTENT[:100_000], '"1"')
    download(MODEL, Listener(), ExitStack(), f"{server.address}/old/weights/")
    assert [path for path, _ in server.asked] == [f"/old/weights/{MODEL.file}", f"/new/weights/{MODEL.file}"]
    assert server.ranges_asked == ["bytes=100000-"] * 2
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_the_registered_addresses_are_tried_one_after_the_other(server: WeightsServer, own_folder: Path):
    with WeightsServer(OTHER) as wrong:
        model = replace(MODEL, urls=(f"{wrong.address}/a?key=secret", f"{server.address}/b"))
        listener = Listener()
        download(model, listener, ExitStack())
    assert [finding.code for finding in listener.warnings] == ["next_address"]
    assert "secret" not in listener.warnings[0].message
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_mirror_is_asked_instead_of_the_registered_addresses(server: WeightsServer, monkeypatch):
    with WeightsServer(CONTENT) as registered:
        model = replace(MODEL, urls=(f"{registered.address}/x",))
        monkeypatch.setenv(MIRROR_VARIABLE, server.address)
        download(model, Listener(), ExitStack())
    assert registered.asked == []
    assert len(server.asked) == 1


def test_a_model_without_any_address_says_what_to_copy_where(own_folder: Path):
    with pytest.raises(WeightsError, match=f"copy {MODEL.file} into {own_folder}") as caught:
        download(MODEL, Listener(), ExitStack())
    assert caught.value.code == "no_address"


@pytest.mark.parametrize("mirror", ["weights", "ftp://server/weights", "file:///etc", "http://", "http://[/"])
def test_a_mirror_that_is_no_address_is_wrong_usage(mirror: str):
    with pytest.raises(UnusableInput, match="not an http or https address"):
        download(MODEL, Listener(), ExitStack(), mirror)


def test_without_a_network_the_sentence_says_what_to_copy_where(own_folder: Path):
    with pytest.raises(WeightsError, match="is there a network") as caught:
        download(replace(MODEL, urls=("https://no-such-host.invalid/x",)), Listener(), ExitStack())
    assert f"https://no-such-host.invalid/x into {own_folder}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_told():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(WeightsError, match="refuses the connection"):
            download(MODEL, Listener(), ExitStack(), address)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch, own_folder: Path):
    monkeypatch.setattr(http_transfer, "TIMEOUT_S", 0.2)
    server = WeightsServer(CONTENT, stall=True, cut_after=[1000, 0])
    with server, pytest.raises(WeightsError, match="does not answer"):
        get(server)
    assert (own_folder / f"{MODEL.file}.part").read_bytes() == CONTENT[:1000]


def test_the_proxy_of_the_environment_is_used(server: WeightsServer, monkeypatch: pytest.MonkeyPatch, own_folder: Path):
    with Proxy("weights.invalid", server) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        download(MODEL, Listener(), ExitStack(), "http://weights.invalid/models")
    assert proxy.asked == [f"http://weights.invalid/models/{MODEL.file}"]
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for this computer, its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("this system has no command openssl")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem",
        ],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "certificate.pem"


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path, own_folder: Path):
    server = WeightsServer(CONTENT, certificate=certificate)
    with server, pytest.raises(WeightsError, match=r"certificate that is not trusted here .*REQUESTS_CA_BUNDLE"):
        get(server)
    assert names(own_folder) == set()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_certificates_of_the_environment_are_trusted(
    certificate: Path, own_folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv(variable, str(certificate))
    with WeightsServer(CONTENT, certificate=certificate) as server:
        get(server)
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_certificates_that_are_none_are_told(server: WeightsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(WeightsError, match="REQUESTS_CA_BUNDLE"):
        get(server)
