"""The scripts that run this module in a real Slicer: they fetch it whole, and believe no success that was not said."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

SCRIPTS = Path(__file__).parents[1] / "slicer"
LINE = "ThinSliceSR self-test passed"


class DownloadServer:
    """Stands for download.slicer.org, over a real connection: /find answers as its own code does, /bitstream sends on.

    It cannot prove that the server still answers so.
    """

    def __init__(self, package: bytes) -> None:
        self.package = package
        self.record = {
            "version": "5.12.3",
            "revision": "34000",
            "arch": "amd64",
            "size": len(package),
            "sha512": hashlib.sha512(package).hexdigest(),
            "download_url": "/bitstream/1",
        }
        self.asked: list[dict[str, list[str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path == "/find":
                    server.asked.append(parse_qs(urlsplit(self.path).query))
                    self._answer(200, json.dumps(server.record).encode())
                elif path == "/bitstream/1":
                    self._answer(302, b"", ("Location", "/api/v1/item/1/download"))
                else:
                    self._answer(200, server.package)

            def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
                self.send_response(status)
                for header in (*headers, ("Content-Length", str(len(body)))):
                    self.send_header(*header)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DownloadServer]:
    """Offers a package that is packed as Slicer's for Linux is, with a program that says its name."""
    program = tmp_path / "packed" / "Slicer-5.12.3-linux-amd64" / "Slicer"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho I am Slicer\n", encoding="utf-8")
    program.chmod(0o755)
    package = tmp_path / "package.tar.gz"
    with tarfile.open(package, "w:gz") as archive:
        archive.add(program.parent, arcname=program.parent.name)
    server = DownloadServer(package.read_bytes())
    yield server
    server.close()


def download(server: DownloadServer, version: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "download_slicer.py"), version, str(folder), "--server", server.address]
    return subprocess.run(command, capture_output=True, text=True, check=False)


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the packages of other systems are of other kinds")


@on_linux
@pytest.mark.parametrize(
    ("version", "asked"),
    [
        ("5.12", {"os": ["linux"], "stability": ["release"], "version": ["5.12"]}),
        ("stable", {"os": ["linux"], "stability": ["release"]}),
        ("preview", {"os": ["linux"], "stability": ["nightly"]}),
    ],
)
def test_slicer_is_downloaded_unpacked_and_can_be_started(
    server: DownloadServer, tmp_path: Path, version: str, asked: dict[str, list[str]]
):
    folder = tmp_path / "a folder" / "slicer"
    done = download(server, version, folder)
    assert done.returncode == 0, done.stderr
    assert server.asked == [asked]
    assert "Slicer 5.12.3, revision 34000, amd64" in done.stderr
    [program] = done.stdout.splitlines()
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "I am Slicer\n"
    assert list(folder.parent.iterdir()) == [folder]


@on_linux
def test_a_damaged_download_is_refused_and_removed(server: DownloadServer, tmp_path: Path):
    server.package = server.package[:-1] + b"x"
    done = download(server, "5.12", tmp_path / "slicer")
    assert done.returncode != 0
    assert "damaged" in done.stderr
    assert done.stdout == ""
    assert list((tmp_path / "slicer").iterdir()) == []
    assert not list(tmp_path.glob("slicer-package*"))


def run(code: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs Python in Slicer's place, as the workflow runs Slicer."""
    command = [sys.executable, str(SCRIPTS / "run_slicer.py"), "--expect", LINE, "--seconds", str(seconds)]
    command += [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_line_of_success_and_the_exit_code_0_are_success():
    done = run(f"print('before'); print({LINE!r}); print('after')")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"before\n{LINE}\nafter\n"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("pass", "Slicer ended without the line"),
        (f"print('no ' + {LINE!r})", "Slicer ended without the line"),
        (f"print({LINE!r}); raise SystemExit(3)", "Slicer ended with exit code 3."),
        (f"import os; print({LINE!r}, flush=True); os.abort()", "Slicer ended with exit code -6."),
    ],
)
def test_anything_less_is_a_failure(code: str, sentence: str):
    done = run(code)
    assert done.returncode == 1
    assert sentence in done.stderr


def test_a_slicer_that_does_not_end_is_ended_with_all_that_it_has_started(tmp_path: Path):
    number = tmp_path / "number of the child"
    code = (
        "import subprocess, sys, time; from pathlib import Path\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        f"Path({str(number)!r}).write_text(str(child.pid)); time.sleep(3600)"
    )
    done = run(code, seconds=3)
    assert done.returncode == 1
    assert "Slicer did not end within 3 seconds." in done.stderr
    with suppress(psutil.NoSuchProcess):
        child = psutil.Process(int(number.read_text()))
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.02)
