"""Installs what the engine needs into Slicer's Python, when the user agrees to it, and never before."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import shutil
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TextIO

import slicer
from slicer.i18n import tr as _

from ...engine.addresses import without_secrets
from ..worker.outcome import guarded, unexpected_sentence
from .requirements import TORCH, Missing, missing_requirements

PYTORCH_EXTENSION = "PyTorch"
LOG_LINES = 200


def something_is_being_installed() -> bool:
    """Whether Slicer's Python is given packages just now, by whichever module; Slicer 5.10 does not tell."""
    try:
        from slicer.packaging import isPipInstallInProgress
    except ImportError:
        return False
    return bool(isPipInstallInProgress())


class Installation:
    """One installation at a time: `start` asks, then installs, and `on_ended(ok, sentence)` comes once for each start.

    `on_progress` gets what is being done, in one line. The small packages come first, so that a computer that is
    offline is found out in seconds. From Slicer 5.12 on they are installed beside the user's work. PyTorch is not:
    the PyTorch extension has Slicer wait for it. `ask` shows a text and returns whether the user agrees.
    """

    def __init__(
        self,
        *,
        on_progress: Callable[[str], None],
        on_ended: Callable[[bool, str], None],
        ask: Callable[[str], bool] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._on_ended = on_ended
        self._ask = ask or slicer.util.confirmOkCancelDisplay
        self._missing = Missing(torch=False)
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._running = False
        self._cancelled = False

    @property
    def running(self) -> bool:
        return self._running

    def start(self) -> None:
        """Asks, and installs what is missing. Does nothing while it runs."""
        if self._running:
            return
        self._running, self._cancelled = True, False
        guarded(self._begin, self._failed)()

    def _begin(self) -> None:
        self._log.clear()
        self._missing = missing_requirements()
        if not self._missing:
            self._end(True, _("Everything that is needed is installed."))
        elif slicer.app.testingEnabled():
            # Slicer's dialogs agree to everything then, and a test must not change the installation.
            self._end(False, _("Slicer is in its testing mode, in which nothing is installed; start it without."))
        elif not self._ask(explanation(self._missing)):
            self._end(
                False, _("Nothing was installed, so no thin slices can be made; press Apply again to install it later.")
            )
        else:
            self._install_packages()

    def cancel(self) -> None:
        """Begins nothing further. What has begun runs to its end, because Slicer gives no hold on it."""
        self._cancelled = True

    def abandon(self) -> None:
        """As `cancel`, and says no more: whoever listened is gone."""
        self._cancelled = True
        self._on_progress = lambda _line: None
        self._on_ended = lambda _succeeded, _sentence: None

    def _install_packages(self) -> None:
        packages = list(self._missing.packages)
        if not packages:
            self._install_torch()
            return
        self._on_progress(_("Installing {packages}…").format(packages=self._missing.package_names))
        try:
            from slicer.packaging import pip_install
        except ImportError:  # Slicer 5.10
            self._packages_ended(0 if self._wait_for(lambda: slicer.util.pip_install(packages)) else 1)
            return
        if something_is_being_installed():
            self._end(False, _("Another module is installing something; wait until it has ended, then try again."))
            return
        try:
            pip_install(
                packages,
                blocking=False,
                show_progress=False,
                requester="ThinSliceSR",
                logCallback=self._pip_said,
                completedCallback=guarded(self._packages_ended, self._failed),
            )
        except (RuntimeError, OSError):
            logging.exception("pip was not started")
            self._end(False, _("Slicer's own Python could not be started; install Slicer again."))

    def _packages_ended(self, exit_code: int) -> None:
        if exit_code:
            self._end(False, failure_sentence(self._missing.package_names, self._log))
        elif self._cancelled:
            self._end(False, _("The installation was cancelled; what was installed so far stays."))
        else:
            self._install_torch()

    def _install_torch(self) -> None:
        if not self._missing.torch:
            self._check_again()
            return
        extension = pytorch_extension()
        if extension is None:
            self._install_extension()
            return
        self._on_progress(_("Installing PyTorch; Slicer does not respond for some minutes…"))
        logic = extension.PyTorchUtilsLogic()
        version = str(TORCH.specifier)
        if self._wait_for(lambda: logic.installTorch(askConfirmation=False, torchVersionRequirement=version)):
            self._check_again()
        else:
            self._end(False, failure_sentence("PyTorch", self._log))

    def _install_extension(self) -> None:
        self._on_progress(_("Installing the PyTorch extension…"))
        if not self._wait_for(install_pytorch_extension):
            sentence = _(
                "The PyTorch extension could not be installed; check the internet connection, then install it in "
                "Slicer's Extensions Manager."
            )
            self._end(False, sentence)
            return
        sentence = _("The PyTorch extension is installed; restart Slicer, then install PyTorch here in the same way.")
        self._end(False, sentence)
        question = _("Restart Slicer now? What is not saved is lost; choose Cancel to save it first.")
        if self._ask(f"{sentence}\n\n{question}"):
            slicer.util.restart()

    def _check_again(self) -> None:
        still_missing = missing_requirements()
        if still_missing:
            what = "PyTorch" if still_missing.torch else still_missing.package_names
            sentence = _("{what} was installed, but is not found; restart Slicer, then try again.")
            self._end(False, sentence.format(what=what))
        else:
            self._end(True, _("Everything that is needed is installed now."))

    def _wait_for(self, action: Callable[[], object]) -> bool:
        """Whether an action of Slicer, or of another extension, that Slicer waits for has succeeded."""
        slicer.app.processEvents()  # what was told is drawn before Slicer stops to respond
        try:
            with contextlib.redirect_stdout(LinesOf(sys.stdout, self._pip_said)):
                action()
        except Exception:  # whatever another extension raises, the user is told that it failed
            logging.exception("the installation failed")
            return False
        return True

    def _pip_said(self, line: str) -> None:
        line = without_secrets(line)  # as of a package index that asks who is there
        self._log.append(line)
        self._on_progress(_("Installing: {line}").format(line=line))

    def _failed(self, error: Exception) -> None:
        """Slicer would print what went wrong and forget it, and whoever listens would wait for ever."""
        logging.error("the installation failed", exc_info=error)
        if self._running:
            self._end(False, unexpected_sentence(error))

    def _end(self, ok: bool, sentence: str) -> None:
        self._running = False
        self._on_ended(ok, sentence)


class LinesOf(io.TextIOBase):
    """Hands on what is printed, and each line of it to `on_line`: Slicer prints what pip says while it waits for it."""

    def __init__(self, stream: TextIO, on_line: Callable[[str], None]) -> None:
        self._stream = stream
        self._on_line = on_line

    def write(self, text: str) -> int:
        self._stream.write(text)
        for line in filter(str.strip, text.splitlines()):
            self._on_line(line.strip())
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def pytorch_extension() -> ModuleType | None:
    """The module of Slicer's PyTorch extension; None when that is not installed, or not yet loaded by a restart."""
    try:
        return importlib.import_module("PyTorchUtils")
    except ImportError:
        return None


def install_pytorch_extension() -> None:
    """Installs it from Slicer's server, without Slicer's own questions. Raises RuntimeError when it did not come."""
    model = slicer.app.extensionsManagerModel()
    asked_before = model.interactive
    model.interactive = False
    try:
        # False: no restart, which without questions would come at once.
        model.installExtensionFromServer(PYTORCH_EXTENSION, False)
    finally:
        model.interactive = asked_before
    if not model.isExtensionInstalled(PYTORCH_EXTENSION):
        raise RuntimeError(f"the extension {PYTORCH_EXTENSION} was not installed")


def explanation(missing: Missing) -> str:
    """What is missing, how large it is and what installing it means, as a question that OK and Cancel answer."""
    parts = []
    if missing.torch:
        text = _(
            "PyTorch 2.2 or later: a download of about 200 MB (0.9 GB on the disk), or of up to about 3 GB (more on "
            "the disk) where it can use an NVIDIA GPU. Slicer does not respond for some minutes while it is installed, "
            "and that cannot be cancelled."
        )
        parts.append(text)
        if missing.old_torch:
            old = _("PyTorch {version}, which is installed, is too old and will be replaced.")
            parts.append(old.format(version=missing.old_torch))
        if pytorch_extension() is None:
            parts.append(_("The PyTorch extension of Slicer, below 1 MB, which installs PyTorch after a restart."))
    if missing.packages:
        parts.append(_("{packages}: below 1 MB each.").format(packages=missing.package_names))
    free = f"{shutil.disk_usage(sysconfig.get_paths()['purelib']).free / 1e9:.1f}"
    return "\n\n".join(
        [
            _("To make thin slices, ThinSliceSR needs what Slicer does not bring:"),
            *[f"• {part}" for part in parts],
            _("{free} GB are free on the disk of Slicer. Nothing of your data is sent.").format(free=free),
            _("Install it now?"),
        ]
    )


def failure_sentence(what: str, log: Iterable[str]) -> str:
    """Why pip could not install something, as far as its own words tell, and what to do."""
    said = "\n".join(log).lower()
    if "no space left on device" in said or "not enough space on the disk" in said:
        sentence = _("{what} could not be installed because the disk is full; make room, then try again.")
    elif "connection broken by" in said or "from versions: none" in said or "read timed out" in said:
        sentence = _(
            "{what} could not be downloaded; check the internet connection and whether the network lets pypi.org, "
            "files.pythonhosted.org and download.pytorch.org through, then try again."
        )
    elif "permission denied" in said or "access is denied" in said:
        sentence = _(
            "{what} could not be written into Slicer's folder; restart Slicer and try again, or ask its administrator."
        )
    else:
        sentence = _("{what} could not be installed; look at Slicer's Python console for the reason, then try again.")
    return sentence.format(what=what)
