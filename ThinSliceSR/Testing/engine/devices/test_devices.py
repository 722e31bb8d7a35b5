"""The list of devices names what a run can use. GPUs are pretended: there may be none where the tests run."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest
import torch
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.devices.device import available_devices, choose_device
from ThinSliceSRLib.engine.devices.device_memory import device_memory
from ThinSliceSRLib.engine.devices.usable_devices import usable_devices
from ThinSliceSRLib.engine.errors import DeviceError

GIBIBYTE = 1024**3


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two CUDA GPUs as PyTorch would tell them; the second is too full to be asked."""

    def mem_get_info(device: torch.device) -> tuple[int, int]:
        if device.index == 1:
            raise torch.cuda.OutOfMemoryError("CUDA error: out of memory")
        return 20 * GIBIBYTE, 24 * GIBIBYTE

    answers = {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "get_device_name": lambda device: ("New GPU", "Old GPU")[device.index],
        "get_device_capability": lambda device: ((8, 6), (7, 5))[device.index],
        "get_device_properties": lambda device: SimpleNamespace(total_memory=(24, 8)[device.index] * GIBIBYTE),
        "mem_get_info": mem_get_info,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(torch.cuda, name, answer)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def every_kind_of_gpu(two_gpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 8 * GIBIBYTE, raising=False)
    pretended = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "get_device_name": lambda device: "Arc",
        "get_device_properties": lambda device: SimpleNamespace(total_memory=16 * GIBIBYTE),
    }
    monkeypatch.setattr(torch, "xpu", SimpleNamespace(**pretended), raising=False)


@pytest.fixture
def cpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["devices", *options]) == 0
    return capsys.readouterr().out


def test_the_list_as_json_holds_what_a_program_needs_to_offer_devices(two_gpus, capsys):
    told = json.loads(listed(capsys, "--json"))
    assert (told["torch"], told["cuda"], told["auto"]) == (torch.__version__, torch.version.cuda, "cuda:0")
    new, old, cpu = told["devices"]
    assert new == {
        "device": "cuda:0",
        "name": "New GPU",
        "memory_bytes": 24 * GIBIBYTE,
        "free_bytes": 20 * GIBIBYTE,
        "precision": "bf16",
        "cores": None,
    }
    assert (old["device"], old["free_bytes"], old["precision"]) == ("cuda:1", None, "fp16")
    assert (cpu["device"], cpu["cores"]) == ("cpu", os.cpu_count())


def test_the_list_for_people_has_a_line_for_each_device_and_marks_autos_choice(two_gpus, capsys):
    lines = listed(capsys).splitlines()
    assert lines[0] == "cuda:0: New GPU, bf16, 25.8 GB memory, 21.5 GB free (auto)"
    assert lines[1] == "cuda:1: Old GPU, fp16, 8.6 GB memory"
    assert lines[2].startswith("cpu: ")
    assert len(lines) == 3


def test_without_a_gpu_the_cpu_is_autos_choice(cpu_only, capsys):
    told = json.loads(listed(capsys, "--json"))
    assert told["auto"] == "cpu"
    assert [device["device"] for device in told["devices"]] == ["cpu"]
    assert listed(capsys).count("(auto)") == 1


def test_gpus_of_all_makers_come_in_a_fixed_order_and_the_cpu_last(every_kind_of_gpu):
    assert available_devices() == ["cuda:0", "cuda:1", "xpu:0", "mps", "cpu"]
    devices = {usable.device: usable for usable in usable_devices()}
    assert (devices["xpu:0"].name, devices["xpu:0"].precision) == ("Arc", "bf16")
    assert (devices["xpu:0"].memory_bytes, devices["xpu:0"].free_bytes) == (16 * GIBIBYTE, None)
    assert str(choose_device("xpu").torch_device) == "xpu:0"


@pytest.mark.parametrize("wanted", ["cuda:2", "xpu", "mps"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(two_gpus, wanted: str):
    with pytest.raises(DeviceError, match="is not there; use cuda:0 or cuda:1 or cpu"):
        choose_device(wanted)


@pytest.mark.parametrize("wanted", ["gpu", "meta", "cuda:x", ""])
def test_an_unknown_device_is_refused(wanted: str):
    with pytest.raises(DeviceError, match="is not known"):
        choose_device(wanted)


def test_the_first_device_of_the_list_is_autos_choice():
    assert usable_devices()[0].device == str(choose_device("auto").torch_device)


def test_each_device_of_the_list_can_be_chosen_and_computes_in_the_precision_it_tells():
    for usable in usable_devices():
        device = choose_device(usable.device)
        assert (device.name, device.precision) == (usable.name, usable.precision)
        assert torch.ones(2, device=device.torch_device).sum().item() == 2


def test_main_memory_is_more_than_what_is_free_of_it():
    memory = device_memory(torch.device("cpu"))
    assert 0 < memory.free_bytes < memory.total_bytes
