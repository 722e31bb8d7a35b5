"""Precisions for which a CPU has no arithmetic, and with how many threads it computes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from command_line_runs import thinslicesr, write_thick
from ThinSliceSRLib.engine.devices import device
from ThinSliceSRLib.engine.devices.device import choose_device, precisions_of_cpu
from ThinSliceSRLib.engine.devices.threads import compute_with_threads, cores_here, threads_in_use
from ThinSliceSRLib.engine.errors import DeviceError, UnusableInput


@pytest.mark.parametrize(
    ("flags", "precisions"),
    [
        ("avx2 fma", []),
        ("avx2 avx512_bf16", ["bf16"]),
        ("avx512_fp16 amx_bf16", ["bf16", "fp16"]),
    ],
)
def test_a_cpu_tells_the_precisions_that_it_is_made_for(flags: str, precisions: list[str], tmp_path: Path):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    assert precisions_of_cpu(tmp_path / "cpuinfo") == ["auto", "float32", *precisions]
    assert precisions_of_cpu(tmp_path / "missing") == ["auto", "float32"]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_precision_that_a_cpu_is_not_made_for_is_refused(precision: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(device, "precisions_of_cpu", lambda: ["auto", "float32"])
    with pytest.raises(DeviceError, match=f"no arithmetic for {precision}.*--precision auto or float32") as refused:
        choose_device("cpu", precision)
    assert (refused.value.code, refused.value.exit_code) == ("slow_precision", 4)


def test_so_many_threads_compute_as_are_wanted():
    before = torch.get_num_threads()
    try:
        compute_with_threads("3")
        assert torch.get_num_threads() == 3
        compute_with_threads("auto")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_in_use_are_as_many_as_pytorch_has_but_no_more_than_cores(monkeypatch: pytest.MonkeyPatch):
    for threads in (1, 10_000):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert threads_in_use() == min(threads, cores_here())


@pytest.mark.parametrize(("told", "wanted"), [("1", 1), ("0", None), ("many", None), ("", None), ("99999", None)])
def test_without_pytorch_as_many_are_in_use_as_the_environment_says(told: str, wanted: int | None, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads_in_use() == (wanted or cores_here())


@pytest.mark.parametrize("threads", ["0", "-1", "1.5", "many", "99999"])
def test_what_is_no_number_of_threads_is_refused(threads: str):
    with pytest.raises(UnusableInput, match="--threads must be auto or a whole number"):
        compute_with_threads(threads)


def test_the_command_line_refuses_them_before_it_reads(tmp_path: Path):
    write_thick(tmp_path / "thick.nrrd")
    for verb in ("synthesize", "batch"):
        refused = thinslicesr(verb, tmp_path, tmp_path / "out.nrrd", "--threads", "0")
        assert refused.returncode == 2
        assert "--threads must be" in refused.stderr
