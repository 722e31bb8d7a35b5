"""Checkpoints are read without running their code, and what tries to run some is refused and named."""

from __future__ import annotations

import functools
import io
import os
import pickle
import struct
import subprocess
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.weights.checkpoint_reading import LEGACY_MAGIC_NUMBER, read_checkpoint
from ThinSliceSRLib.engine.weights.published_checkpoint import published_network, state_dict_of

pytestmark = pytest.mark.usefixtures("own_folder")
ATTACKS = ["os.mkdir", "os.system", "eval", "exec", "partial", "Popen", "_load_from_bytes"]
LEGACY_HEAD = [LEGACY_MAGIC_NUMBER, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}]


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


class SetsState:
    """Runs code of its own when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __setstate__(self, state: dict) -> None:
        os.mkdir(str(state["trace"]))


def attack(kind: str, trace: Path) -> Calls:
    """An object that makes the folder `trace` when it is unpickled with Python's own pickle."""
    within = io.BytesIO()
    torch.save(Calls(os.mkdir, str(trace)), within)
    return {
        "os.mkdir": Calls(os.mkdir, str(trace)),
        "os.system": Calls(os.system, f"mkdir '{trace}'"),
        "eval": Calls(eval, f"__import__('os').mkdir({str(trace)!r})"),
        "exec": Calls(exec, f"import os; os.mkdir({str(trace)!r})"),
        "partial": Calls(functools.partial(os.mkdir, str(trace))),
        "Popen": Calls(subprocess.check_call, ["mkdir", str(trace)]),
        "_load_from_bytes": Calls(torch.storage._load_from_bytes, within.getvalue()),
    }[kind]


def write_at(place: str, path: Path, stored: object) -> None:
    """Writes a checkpoint that has `stored` at this place."""
    if place == "zip":
        torch.save(stored, path)
    elif place == "config_dict":
        torch.save({"net": OrderedDict(), "config_dict": {"lr": 1, "more": [stored]}}, path)
    elif place == "zip, protocol 4":
        torch.save({"net": {"conv_last.bias": stored}}, path, pickle_protocol=4)
    elif place == "legacy":
        torch.save({"net": stored}, path, _use_new_zipfile_serialization=False)
    elif place == "plain pickle":
        path.write_bytes(pickle.dumps({"net": stored}))
    else:
        pickles = [*LEGACY_HEAD, {}, []]
        pickles[["magic number", "protocol", "system", "object", "keys"].index(place)] = stored
        path.write_bytes(b"".join(pickle.dumps(part, 2) for part in pickles))


def assert_refused(path: Path, trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "import", str(path), "--name", "attack"]) == 3
    told = capsys.readouterr().err
    assert "tries to run code" in told
    assert told.count("\n") == 1
    assert not trace.exists()


@pytest.mark.parametrize("kind", ATTACKS)
@pytest.mark.parametrize("place", ["zip", "config_dict", "zip, protocol 4", "legacy", "plain pickle"])
def test_a_file_that_tries_to_run_code_is_refused_and_named(
    tmp_path: Path, kind: str, place: str, own_folder: Path, capsys: pytest.CaptureFixture[str]
):
    path, trace = tmp_path / "attack.pkl", tmp_path / "trace"
    write_at(place, path, attack(kind, trace))
    assert_refused(path, trace, capsys)
    assert not own_folder.exists() or list(own_folder.iterdir()) == []
    # The very same file does run its code where it is read as the published scripts read it.
    with path.open("rb") as file:
        pickle.load(file) if place == "plain pickle" else torch.load(file, weights_only=False)
    assert trace.is_dir()


@pytest.mark.parametrize("place", ["magic number", "protocol", "system", "object", "keys"])
def test_no_part_of_the_older_format_can_run_code(tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]):
    path, trace = tmp_path / "attack.pkl", tmp_path / "trace"
    write_at(place, path, attack("os.mkdir", trace))
    assert_refused(path, trace, capsys)


@pytest.mark.parametrize(
    "name",
    [
        "posix system", "nt system", "os popen", "torch.hub load", "__builtin__ eval", "builtins getattr",
        "builtins __import__", "importlib import_module", "operator methodcaller", "runpy run_path", "torch load",
        "torch.jit load", "numpy.testing._private.utils runstring", "shutil rmtree", "webbrowser open",
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", [b"c%s\n%s\n(V/none\ntR.", b"(c%s\n%s\nV/none\no.", b"(V/none\ni%s\n%s\n."])
def test_whatever_is_called_is_refused(tmp_path: Path, name: str, call: bytes, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "attack.pkl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("attack/data.pkl", call % tuple(name.encode().split()))
    assert_refused(path, tmp_path / "trace", capsys)


def test_classes_do_not_run_code_of_theirs_when_their_state_is_set(tmp_path: Path):
    path, trace = tmp_path / "attack.pkl", tmp_path / "trace"
    torch.save({"net": SetsState(trace)}, path)
    with pytest.raises(WeightsError, match="does not hold the published CTHNet"):
        published_network(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.is_dir()


def test_what_a_file_calls_cannot_forge_the_sentence(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "attack.pkl", "w") as archive:
        archive.writestr("attack/data.pkl", b"\x80\x04\x8c\x01m\x8c\x0ca\nb \x1b[31m;cd\x93)R.")
    with pytest.raises(WeightsError, match=r"run code \(m\.a\?b\?\?\?31m\?cd\)"):
        read_checkpoint(tmp_path / "attack.pkl")


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_a_tensor_cannot_reach_beyond_its_storage(tmp_path: Path):
    class Beyond:
        def __reduce__(self) -> tuple:
            return torch._utils._rebuild_tensor_v2, (torch.zeros(4).storage(), 0, (1000,), (1,), False, OrderedDict())

    torch.save(Beyond(), tmp_path / "beyond.pkl")
    with pytest.raises(WeightsError, match="damaged"):
        read_checkpoint(tmp_path / "beyond.pkl")


def test_no_more_memory_is_taken_than_the_file_is_large(tmp_path: Path):
    torch.save(torch.zeros(3), tmp_path / "huge.pkl", _use_new_zipfile_serialization=False)
    content = (tmp_path / "huge.pkl").read_bytes()
    count = b"K\x03N"  # a count of 3 in a persistent id, followed by no view
    assert content.count(count) == 1
    (tmp_path / "huge.pkl").write_bytes(content.replace(count, b"\x8a\x06" + (1 << 40).to_bytes(6, "little") + b"N"))
    with pytest.raises(WeightsError, match="damaged") as caught:
        read_checkpoint(tmp_path / "huge.pkl")
    assert str(caught.value.__cause__) == "storages larger than their file"


def test_a_compressed_archive_is_refused(tmp_path: Path):
    torch.save({"x": torch.zeros(3)}, tmp_path / "plain.pkl")
    with zipfile.ZipFile(tmp_path / "plain.pkl") as plain, zipfile.ZipFile(tmp_path / "bomb.pkl", "w") as bomb:
        for name in plain.namelist():
            bomb.writestr(name, plain.read(name), zipfile.ZIP_DEFLATED)
    assert set(read_checkpoint(tmp_path / "plain.pkl")) == {"x"}
    with pytest.raises(WeightsError, match="damaged"):
        read_checkpoint(tmp_path / "bomb.pkl")


def test_modules_within_themselves_are_refused(tmp_path: Path):
    module = torch.nn.Sequential(torch.nn.Linear(2, 2))
    module._modules["again"] = module
    torch.save({"net": module}, tmp_path / "round.pkl")
    with pytest.raises(WeightsError, match="does not hold the published CTHNet"):
        published_network(tmp_path / "round.pkl")


@pytest.mark.parametrize("stored", [None, 3, [], "text", {"net": None}, {"net": {1: 2}}, torch.zeros(2)])
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, stored: object):
    torch.save(stored, tmp_path / "other.pkl")
    with pytest.raises(WeightsError, match="does not hold the published CTHNet"):
        published_network(tmp_path / "other.pkl")


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04", struct.pack("<Q", 1 << 60)])
def test_a_file_that_is_no_checkpoint_is_told(tmp_path: Path, content: bytes):
    (tmp_path / "file.pkl").write_bytes(content)
    with pytest.raises(WeightsError, match="damaged or not a checkpoint"):
        read_checkpoint(tmp_path / "file.pkl")


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(WeightsError, match="There is no file"):
        read_checkpoint(tmp_path / "none.pkl")


@pytest.fixture(scope="module")
def small_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("small")
    stored = {"net": torch.nn.Linear(2, 3), "config_dict": OrderedDict(lr=np.float64(0.1), size=torch.Size([2]))}
    torch.save(stored, folder / "zip.pkl")
    torch.save(stored, folder / "legacy.pkl", _use_new_zipfile_serialization=False)
    return [folder / "zip.pkl", folder / "legacy.pkl"]


def test_plain_values_beside_the_weights_do_no_harm(small_checkpoints: list[Path]):
    for path in small_checkpoints:
        state = state_dict_of(read_checkpoint(path))
        assert {name: tuple(value.shape) for name, value in state.items()} == {"weight": (3, 2), "bias": (3,)}


@given(data=st.data())
def test_a_damaged_checkpoint_is_read_or_refused_as_damaged(small_checkpoints: list[Path], data: st.DataObject):
    content = bytearray(data.draw(st.sampled_from(small_checkpoints)).read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path = small_checkpoints[0].with_name("damaged.pkl")
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(WeightsError):
        state_dict_of(read_checkpoint(path))
