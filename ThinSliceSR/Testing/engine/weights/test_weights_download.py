"""Downloads over real HTTP: whole or not at all under their name, and taken up again where they were left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import Cancelled, CannotWrite, ThinSliceError, WeightsError
from ThinSliceSRLib.engine.weights import download as downloading
from ThinSliceSRLib.engine.weights import model_choice
from ThinSliceSRLib.engine.weights.download import download
from ThinSliceSRLib.engine.weights.registry import registry_text
from weights_downloads import CONTENT, MODEL, OTHER, Listener, get, leave_part, names, wait_for_part
from weights_server import WeightsServer

pytestmark = pytest.mark.usefixtures("own_folder")
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with WeightsServer(CONTENT) as server:
        yield server


def test_weights_come_whole_and_alone_into_the_own_folder(server: WeightsServer, own_folder: Path):
    assert get(server) == own_folder / MODEL.file
    assert (own_folder / MODEL.file).read_bytes() == CONTENT
    assert names(own_folder) == {MODEL.file}
    assert server.asked[0][0] == f"/{MODEL.file}"


def test_progress_counts_bytes_to_the_end(server: WeightsServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloading, "PACE_S", 0.0)
    server.cut_after = [70_000, 90_000]
    listener = Listener()
    get(server, listener)
    assert listener.done == sorted(listener.done)
    assert listener.done[0] == 0
    assert {70_000, 160_000} < set(listener.done)
    assert listener.done[-1] == len(CONTENT)


def test_what_is_there_and_whole_is_not_fetched(server: WeightsServer, own_folder: Path, tmp_path: Path, monkeypatch):
    get(server)
    get(server)
    assert len(server.asked) == 1
    monkeypatch.setattr(model_choice, "shipped_weights_folders", lambda: {"installed": tmp_path / "installed"})
    own_folder.rename(tmp_path / "installed")
    assert get(server) == tmp_path / "installed" / MODEL.file
    assert len(server.asked) == 1
    assert not own_folder.exists()


def test_a_part_of_the_same_version_is_gone_on_with(server: WeightsServer, own_folder: Path):
    leave_part(own_folder, CONTENT[:100_000], '"1"')
    listener = Listener()
    get(server, listener)
    assert server.ranges_asked == ["bytes=100000-"]
    assert server.asked[0][1]["If-Range"] == '"1"'
    assert listener.done[0] == 100_000
    assert (own_folder / MODEL.file).read_bytes() == CONTENT
    assert names(own_folder) == {MODEL.file}


def test_a_part_of_another_version_is_begun_anew(server: WeightsServer, own_folder: Path):
    leave_part(own_folder, OTHER[:100_000], '"0"')
    get(server)
    assert len(server.asked) == 1
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_part_of_another_version_is_found_out_without_the_help_of_the_server(own_folder: Path):
    leave_part(own_folder, OTHER[:100_000], None)
    with WeightsServer(CONTENT, etag=None) as server:
        get(server)
    assert server.ranges_asked == ["bytes=100000-", None]
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_whole_part_needs_no_request(server: WeightsServer, own_folder: Path):
    leave_part(own_folder, CONTENT, '"1"')
    get(server)
    assert server.asked == []
    assert names(own_folder) == {MODEL.file}


@pytest.mark.parametrize("left", [CONTENT + b"more", OTHER], ids=["too long", "wrong"])
def test_a_part_that_cannot_be_one_is_begun_anew(server: WeightsServer, own_folder: Path, left: bytes):
    leave_part(own_folder, left, '"1"')
    get(server)
    assert server.ranges_asked == [None]
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_server_without_ranges_gives_the_whole_file(own_folder: Path):
    leave_part(own_folder, CONTENT[:100_000], '"1"')
    with WeightsServer(CONTENT, ranges=False) as server:
        get(server)
    assert len(server.asked) == 1
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_server_that_sends_another_range_is_asked_for_the_whole_file(own_folder: Path):
    leave_part(own_folder, CONTENT[:100_000], '"1"')
    with WeightsServer(CONTENT, range_shift=5) as server:
        get(server)
    assert server.ranges_asked == ["bytes=100000-", None]
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_range_beyond_the_end_of_the_file_is_begun_anew(own_folder: Path):
    leave_part(own_folder, CONTENT[:100_000], None)
    with WeightsServer(CONTENT[:50_000]) as server, pytest.raises(WeightsError, match="50000 bytes instead of 300000"):
        get(server)
    assert server.ranges_asked == ["bytes=100000-", None]
    assert names(own_folder) == set()


def test_a_connection_that_is_cut_is_taken_up_again(server: WeightsServer, own_folder: Path):
    server.cut_after = [70_000, 90_000]
    get(server)
    assert server.ranges_asked == [None, "bytes=70000-", "bytes=160000-"]
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_connection_that_brings_nothing_more_is_given_up_and_its_part_kept(server: WeightsServer, own_folder: Path):
    server.cut_after = [70_000, 0]
    with pytest.raises(WeightsError, match="broke off") as caught:
        get(server)
    assert caught.value.code == "download_failed"
    assert (own_folder / f"{MODEL.file}.part").read_bytes() == CONTENT[:70_000]
    get(server)
    assert server.ranges_asked[-1] == "bytes=70000-"
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_a_server_without_ranges_that_always_breaks_off_is_given_up(own_folder: Path):
    with WeightsServer(CONTENT, ranges=False, cut_after=[70_000] * 9) as server, pytest.raises(WeightsError):
        get(server)
    assert len(server.asked) == 2


@pytest.mark.parametrize("sends_length", [True, False])
@pytest.mark.parametrize("wrong", [OTHER, CONTENT + b"more", CONTENT[:-1], b"<html>log in</html>"])
def test_another_file_is_refused_and_nothing_is_left_under_its_name(own_folder: Path, wrong: bytes, sends_length: bool):
    with WeightsServer(wrong, sends_length=sends_length) as server:
        if wrong.startswith(CONTENT) and not sends_length:  # what comes after the end is not read
            assert get(server).read_bytes() == CONTENT
            return
        with pytest.raises(WeightsError) as caught:
            get(server)
    assert caught.value.exit_code == 3
    assert MODEL.file not in names(own_folder)


def test_other_weights_under_the_name_are_kept_unless_overwriting_is_asked_for(server: WeightsServer, own_folder: Path):
    own_folder.mkdir()
    (own_folder / MODEL.file).write_bytes(OTHER)
    with pytest.raises(CannotWrite, match="other weights"):
        get(server)
    assert (own_folder / MODEL.file).read_bytes() == OTHER
    get(server, overwrite=True)
    assert (own_folder / MODEL.file).read_bytes() == CONTENT


def test_two_runs_do_not_write_the_same_part(own_folder: Path):
    with WeightsServer(CONTENT, stall=True, cut_after=[70_000]) as server:
        outcome: list[Path] = []
        first = threading.Thread(target=lambda: outcome.append(get(server)))
        first.start()
        wait_for_part(own_folder, 70_000)
        with pytest.raises(CannotWrite, match="Another run") as caught:
            get(server)
        assert caught.value.code == "in_use"
        server.stall = False
        server.go_on.set()
        first.join()
        assert outcome[0].read_bytes() == CONTENT


def test_a_full_disk_is_told(mounted, monkeypatch: pytest.MonkeyPatch, server: WeightsServer):
    monkeypatch.setenv(model_choice.WEIGHTS_FOLDER_VARIABLE, str(mounted("size=100k") / "own"))
    with pytest.raises(CannotWrite, match="No space left"):
        get(server)


def test_a_folder_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch, server: WeightsServer):
    monkeypatch.setenv(model_choice.WEIGHTS_FOLDER_VARIABLE, "/proc/own")
    with pytest.raises(CannotWrite, match="cannot be written"):
        get(server)


def test_what_a_cancelled_run_has_is_kept_and_not_added_to(own_folder: Path):
    undo = ExitStack()
    with WeightsServer(CONTENT, stall=True, cut_after=[70_000]) as server:
        failures: list[ThinSliceError] = []

        def run() -> None:
            try:
                download(MODEL, Listener(), undo, server.address)
            except ThinSliceError as failure:
                failures.append(failure)

        thread = threading.Thread(target=run)
        thread.start()
        wait_for_part(own_folder, 70_000)
        undo.close()
        server.stall = False
        server.go_on.set()
        thread.join()
        assert [type(failure) for failure in failures] == [Cancelled]
        assert (own_folder / f"{MODEL.file}.part").read_bytes() == CONTENT[:70_000]
        assert names(own_folder) == {f"{MODEL.file}.part", f"{MODEL.file}.part.version"}
        get(server)
        assert server.ranges_asked[-1] == "bytes=70000-"
        assert names(own_folder) == {MODEL.file}


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "registry.json").write_text(registry_text([MODEL]))
    return tmp_path / "registry.json"


def command(registry: Path, *arguments: str) -> list[str]:
    return [
        sys.executable, "-m", "ThinSliceSRLib.engine", "weights", "download", MODEL.name,
        "--registry", str(registry), *arguments,
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a single process")
def test_ctrl_c_keeps_the_part_and_the_next_run_tells_its_events(own_folder: Path, registry: Path):
    environment = {**os.environ, **ENVIRONMENT}
    with WeightsServer(CONTENT, stall=True, cut_after=[70_000]) as server:
        arguments = command(registry, "--mirror", server.address, "--progress", "json")
        first = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
        wait_for_part(own_folder, 70_000)
        first.send_signal(signal.SIGINT)
        _, told = first.communicate()
        assert first.returncode == 130
        assert told == (
            "The download was cancelled; what has come is kept, and the next download goes on from there.\n"
        )
        assert names(own_folder) == {f"{MODEL.file}.part", f"{MODEL.file}.part.version"}
        server.stall = False
        server.go_on.set()
        second = subprocess.run(arguments, capture_output=True, env=environment, text=True)
    assert second.returncode == 0, second.stderr
    events = [json.loads(line) for line in second.stdout.splitlines()]
    assert events[0] == {
        "event": "progress", "stage": "download", "done": 70_000, "total": len(CONTENT), "eta_s": None,
    }  # fmt: skip
    assert events[-1] == {"event": "finished", "outputs": {"weights": str(own_folder / MODEL.file)}}
    assert (own_folder / MODEL.file).read_bytes() == CONTENT
