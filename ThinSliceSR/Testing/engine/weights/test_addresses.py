"""Addresses may hold a user and a password: no text tells of them, whatever is done with the address."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from command_line_runs import thinslicesr
from hypothesis import example, given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.addresses import has_user_info, is_address, sentence_without_secrets, shown, without_secrets
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.events.progress import BarReporter, JsonReporter
from ThinSliceSRLib.engine.weights import model_choice
from ThinSliceSRLib.engine.weights.download import MIRROR_VARIABLE
from ThinSliceSRLib.engine.weights.registry import FORMAT, REGISTRY_VARIABLE

SECRET = "s3cret"
HOSTILE = [
    f"https://reader:{SECRET}@host:x/weights",
    f"https://reader:{SECRET}@127.0.0.1:1/weights",
    f"https://{SECRET}@127.0.0.1:1/weights",
    f"ftp://reader:{SECRET}@host/weights",
    f"HTTP://reader:a/b{SECRET}@host/weights",
    f"http://reader:a@b{SECRET}@host/weights",
    f"http://reader:{SECRET}@[host/weights",
    f"https://reader:my {SECRET}@host/weights",
    f"https:reader:{SECRET}@host/weights",
    f"tcp://reader:{SECRET}@127.0.0.1:1",
    f"//reader:{SECRET}@host/weights",
    f"reader:{SECRET}@host:8042/weights",
    f"reader:{SECRET}@host",
    f"reader:a@b{SECRET}@host",
]
QUERIES = [f"https://127.0.0.1:1/weights?key={SECRET}", f"https://127.0.0.1:1/weights#{SECRET}"]
PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@given(st.sampled_from(["http", "https", "ftp", "tcp", "HTTPS"]), st.text("abc", max_size=3), PASSWORDS)
@example("http", "", "a/b@c?d#e:f")
def test_neither_user_nor_password_is_shown(scheme: str, user: str, password: str):
    address = f"{scheme}://{user}:{password}@host.example/path"
    for slashes in ("://", ":/"):  # as a path tells it
        text = f"There is no {address.replace('://', slashes)}; correct it."
        assert without_secrets(text) == f"There is no {scheme}{slashes}host.example/path; correct it."
    if not set(password) & set("/?#"):  # which end the name of a host
        assert has_user_info(address)
        assert not is_address(address)
    assert SECRET not in shown(f"{address}?key={SECRET}")


@pytest.mark.parametrize(
    "text", ["C:/scans/a@b.nrrd", "/data/a@b.nrrd", "write to a@b.example", "https://host/models", "a:b@c",
     r"C:\scans\a:b@c", "/data/ab:c@d.nrrd", "tcp://h:1", "C:/scans/#1?.nrrd", "/data/#1?.nrrd",
     "see https://host/a; is it right?"],
)  # fmt: skip
def test_what_tells_of_no_user_stays(text: str):
    assert without_secrets(text) == text
    assert not has_user_info(text)


def test_a_sentence_hides_them_without_a_scheme_too():
    told = f"There is no file /data/reader:a@b{SECRET}@host:8042/x or C:/a@b.nrrd; it was 12:30."
    assert sentence_without_secrets(told) == "There is no file /data/host:8042/x or C:/a@b.nrrd; it was 12:30."


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with a model that must be downloaded, and an empty folder of the user's own."""
    entry = {
        "name": "far", "file": "far.safetensors", "sha256": "0" * 64, "bytes": 10, "trained_on": "", "licences": [],
        "quality": {}, "urls": [],
    }  # fmt: skip
    path = tmp_path / "registry.json"
    path.write_text(json.dumps({"format": FORMAT, "models": [entry]}))
    monkeypatch.setenv(REGISTRY_VARIABLE, str(path))
    monkeypatch.setenv(model_choice.WEIGHTS_FOLDER_VARIABLE, str(tmp_path / "own"))
    return path


@pytest.mark.parametrize("address", [*HOSTILE, *QUERIES])
@pytest.mark.parametrize(
    "words",
    ["weights download far --mirror @", "weights download @", "weights download far @", "weights verify --registry @",
     "weights import @", "check @", "check @ --json",
     "synthesize @ out.nrrd --weights @", "synthesize in.nrrd @ --device @",
     "evaluate --truth @ DLS=@", "batch @ out", "batch @ out --study-date @", "simulate @ @",
     "export @ out --source @"],
)  # fmt: skip
def test_no_verb_tells_of_it(words: str, address: str, registry: Path, tmp_path: Path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    arguments = [word.replace("@", address) if "@" in word else word for word in words.split()]
    try:
        code = main([*arguments, "--debug"])
    except SystemExit as ended:
        code = ended.code
    told = "".join(capfd.readouterr())
    assert code in (2, 3)
    assert told.strip()
    assert SECRET not in told


@pytest.mark.parametrize("address", HOSTILE)
def test_a_mirror_of_the_environment_and_a_registry_are_as_silent(address: str, registry: Path, monkeypatch, capfd):
    monkeypatch.setenv(MIRROR_VARIABLE, address)
    assert main(["weights", "download", "far", "--debug"]) == 2
    content = json.loads(registry.read_text())
    content["models"][0]["urls"] = [address]
    registry.write_text(json.dumps(content))
    for words in (["list"], ["list", "--json"], ["download", "far", "--debug"]):
        assert main(["weights", *words]) == 3
    assert SECRET not in "".join(capfd.readouterr())


class Redirecting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://reader:{SECRET}@127.0.0.1:x/far.safetensors")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_where_a_server_leads_to_is_not_told(registry: Path, capfd):
    with ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = f"http://127.0.0.1:{server.server_port}"
        assert main(["weights", "download", "far", "--mirror", mirror, "--debug"]) == 3
        server.shutdown()
    assert SECRET not in "".join(capfd.readouterr())


def test_no_reporter_tells_of_it(capfd):
    for reporter in (BarReporter(), JsonReporter(sys.stdout)):
        for address in (*HOSTILE, *QUERIES):
            reporter.warning(Finding("warning", "w", f"{address} is wrong"))
            reporter.failed(ThinSliceError(f"{address} is wrong"))
    assert SECRET not in "".join(capfd.readouterr())


def test_wrong_usage_in_a_process_of_its_own_is_silent_too():
    run = thinslicesr("weights", "download", "far", HOSTILE[0])
    assert run.returncode == 2
    assert "host:x" in run.stderr
    assert SECRET not in run.stderr
