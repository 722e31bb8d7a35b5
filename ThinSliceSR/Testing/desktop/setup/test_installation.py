"""Installing what is missing into a Slicer that lacks it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
import slicer
import slicer.util
from plain_slicer import ExtensionsManager, PlainSlicer, PyTorchUtilsLogic
from ThinSliceSRLib.desktop.setup.installation import explanation
from ThinSliceSRLib.desktop.setup.requirements import Missing, missing_requirements

pytestmark = pytest.mark.skipif(os.name == "nt", reason="PythonSlicer is a shell script here")


@pytest.fixture
def plain_slicer(application: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlainSlicer:
    wheels, site, bin_folder = tmp_path / "wheels", tmp_path / "site-packages-of-slicer", tmp_path / "bin"
    for folder in (wheels, site, bin_folder):
        folder.mkdir()
    python = bin_folder / "PythonSlicer"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    pip_settings = {
        "NO_INDEX": "1",
        "FIND_LINKS": wheels,
        "TARGET": site,
        "CONFIG_FILE": os.devnull,
        "NO_CACHE_DIR": "1",
    }
    for name, value in pip_settings.items():
        monkeypatch.setenv(f"PIP_{name}", str(value))
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "path", [str(site), *[p for p in sys.path if "site-packages" not in p]])
    for name in ("torch", "einops", "safetensors"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(slicer.app, "testingEnabled", lambda: False, raising=False)
    plain = PlainSlicer(wheels, python)
    monkeypatch.setattr(slicer.util, "restart", lambda: setattr(plain, "restarts", plain.restarts + 1), raising=False)
    return plain


@pytest.fixture
def with_pytorch_extension(plain_slicer: PlainSlicer, monkeypatch: pytest.MonkeyPatch) -> PlainSlicer:
    extension = ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = PyTorchUtilsLogic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    return plain_slicer


@pytest.fixture
def published(with_pytorch_extension: PlainSlicer) -> PlainSlicer:
    for name, version in (("einops", "0.8.0"), ("safetensors", "0.5.0"), ("torch", "2.4.0")):
        with_pytorch_extension.publish(name, version)
    return with_pytorch_extension


def test_a_plain_slicer_lacks_pytorch_and_the_packages(plain_slicer: PlainSlicer) -> None:
    assert missing_requirements() == Missing(torch=True, packages=("einops>=0.7", "safetensors>=0.4"))


def test_what_is_missing_is_installed_on_agreement(published: PlainSlicer) -> None:
    ok, sentence = published.install()

    assert ok, sentence
    assert not missing_requirements()
    assert len(published.asked) == 1
    assert published.progress[0] == "Installing einops, safetensors…"
    assert any(line.startswith("Installing: Successfully installed torch-2.4.0") for line in published.progress)


def test_nothing_is_installed_on_refusal(published: PlainSlicer) -> None:
    published.agrees = False

    ok, sentence = published.install()

    assert not ok
    assert sentence.startswith("Nothing was installed")
    assert published.progress == []
    assert missing_requirements()


def test_nobody_is_asked_when_nothing_is_missing(published: PlainSlicer) -> None:
    published.install()
    published.asked.clear()
    published.endings.clear()

    assert published.install() == (True, "Everything that is needed is installed.")
    assert published.asked == []


def test_slicer_goes_on_while_the_packages_are_installed(published: PlainSlicer) -> None:
    installation = published.installation()

    installation.start()

    assert installation.running
    assert published.endings == []
    assert published.ending()[0]
    assert not installation.running


def test_a_second_start_while_it_runs_does_nothing(published: PlainSlicer) -> None:
    installation = published.installation()
    installation.start()
    installation.start()

    assert published.ending()[0]
    assert len(published.asked) == 1


def test_slicer_510_which_has_no_packaging_waits_for_the_packages(
    published: PlainSlicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    pip_install = lambda packages: slicer.util.executePythonModule("pip", ["install", *packages])  # noqa: E731
    monkeypatch.setattr(slicer.util, "pip_install", pip_install)

    ok, sentence = published.install()

    assert ok, sentence
    assert not missing_requirements()


def test_after_cancel_nothing_further_is_begun(published: PlainSlicer) -> None:
    installation = published.installation()
    installation.start()
    installation.cancel()

    ok, sentence = published.ending()

    assert not ok
    assert "cancelled" in sentence
    assert missing_requirements() == Missing(torch=True)


def test_a_pytorch_that_is_too_old_is_replaced(published: PlainSlicer, monkeypatch: pytest.MonkeyPatch) -> None:
    published.publish("torch", "1.13.0")
    slicer.util.executePythonModule("pip", ["install", "torch==1.13.0"])
    assert missing_requirements().old_torch == "1.13.0"
    monkeypatch.setenv("PIP_UPGRADE", "1")  # without --target, as in Slicer, pip upgrades by itself

    ok, sentence = published.install()

    assert ok, sentence
    assert "PyTorch 1.13.0, which is installed, is too old" in published.asked[0]
    assert not missing_requirements()


def test_without_the_pytorch_extension_it_is_installed_and_a_restart_offered(
    plain_slicer: PlainSlicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_slicer.publish("einops", "0.8.0")
    plain_slicer.publish("safetensors", "0.5.0")
    manager = ExtensionsManager(online=True)
    monkeypatch.setattr(slicer.app, "extensionsManagerModel", lambda: manager, raising=False)

    ok, sentence = plain_slicer.install()

    assert not ok
    assert sentence.startswith("The PyTorch extension is installed; restart Slicer")
    assert "The PyTorch extension of Slicer" in plain_slicer.asked[0]
    assert "What is not saved is lost" in plain_slicer.asked[1]
    assert plain_slicer.restarts == 1
    assert manager.interactive, "it was left as it was found"


def test_a_pytorch_extension_that_does_not_come_is_told(
    plain_slicer: PlainSlicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_slicer.publish("einops", "0.8.0")
    plain_slicer.publish("safetensors", "0.5.0")
    monkeypatch.setattr(slicer.app, "extensionsManagerModel", lambda: ExtensionsManager(online=False), raising=False)

    ok, sentence = plain_slicer.install()

    assert not ok
    assert "Extensions Manager" in sentence
    assert plain_slicer.restarts == 0


def test_a_computer_that_is_offline_is_told_so_before_pytorch_is_begun(
    published: PlainSlicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_INDEX", "FIND_LINKS"):
        monkeypatch.delenv(f"PIP_{name}")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens on port 9
    monkeypatch.setenv("PIP_RETRIES", "1")

    ok, sentence = published.install()

    assert not ok
    assert sentence.startswith("einops, safetensors could not be downloaded; check the internet connection")
    assert not any("PyTorch" in line for line in published.progress)


def test_a_failure_of_pytorch_is_one_sentence(published: PlainSlicer) -> None:
    (published.wheels / "torch-2.4.0-py3-none-any.whl").unlink()

    ok, sentence = published.install()

    assert not ok
    assert sentence.startswith("PyTorch could not be downloaded; check the internet connection")


@pytest.mark.parametrize("where", ["missing_requirements", "explanation", "pytorch_extension"])
def test_what_nobody_expected_ends_it_too(published: PlainSlicer, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def fail(*_: object) -> None:
        raise KeyError("unexpected")

    installation = published.installation()
    with monkeypatch.context() as patch:
        patch.setattr(f"ThinSliceSRLib.desktop.setup.installation.{where}", fail)
        installation.start()
        ok, sentence = published.ending()
    assert not ok
    assert "unexpected" in sentence
    published.endings.clear()
    installation.start()
    assert published.ending() == (True, "Everything that is needed is installed now.")


def test_a_pip_that_cannot_be_started_is_told(published: PlainSlicer) -> None:
    published.python.unlink()

    ok, sentence = published.install()

    assert not ok
    assert sentence == "Slicer's own Python could not be started; install Slicer again."


def test_it_does_not_begin_beside_the_installation_of_another_module(
    published: PlainSlicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slicer.packaging.isPipInstallInProgress", lambda: True)

    ok, sentence = published.install()

    assert not ok
    assert sentence.startswith("Another module is installing something; wait")
    assert published.progress == ["Installing einops, safetensors…"]


def test_a_pip_that_promises_too_much_is_not_believed(published: PlainSlicer) -> None:
    published.python.write_text("#!/bin/sh\necho Successfully installed everything\n")

    ok, sentence = published.install()

    assert not ok
    assert "was installed, but is not found; restart Slicer" in sentence


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        ("OSError: [WinError 112] There is not enough space on the disk", "the disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'", "Slicer's folder"),
        ("OSError: [WinError 5] Access is denied: 'torch_cpu.dll'", "restart Slicer"),
        ("ERROR: something new", "look at Slicer's Python console"),
    ],
)
def test_what_pip_says_decides_what_to_do(published: PlainSlicer, said: str, told: str) -> None:
    published.python.write_text(f'#!/bin/sh\ncat <<"END" >&2\n{said}\nEND\nexit 1\n')

    ok, sentence = published.install()

    assert not ok
    assert told in sentence
    assert sentence.count(".") == 1
    assert sentence.endswith(".")


def test_in_slicers_testing_mode_nothing_is_installed(published: PlainSlicer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slicer.app, "testingEnabled", lambda: True)

    ok, sentence = published.install()

    assert not ok
    assert "testing mode" in sentence
    assert published.asked == []


def test_the_question_tells_sizes_and_that_slicer_does_not_respond(published: PlainSlicer) -> None:
    text = explanation(missing_requirements())

    assert "about 200 MB" in text
    assert "about 3 GB" in text
    assert "does not respond" in text
    assert "einops, safetensors: below 1 MB each" in text
    assert "GB are free" in text


def test_the_question_about_a_small_package_does_not_speak_of_pytorch() -> None:
    assert "PyTorch" not in explanation(Missing(torch=False, packages=("einops>=0.7",)))
