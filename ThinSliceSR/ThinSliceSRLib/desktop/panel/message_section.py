"""The panel's messages: how far it is, how it ended, what asks for care, and the log behind a failure."""

from __future__ import annotations

from typing import Any

from ..worker.outcome import Outcome, Progress
from .dialogs import Dialogs
from .status_texts import percent_done, stage_text


class MessageSection:
    """The line below the button, the bar and the button that shows the log.

    outcome: how the last run or export ended; None before its end.
    """

    def __init__(self, ui: Any, dialogs: Dialogs) -> None:
        self.outcome: Outcome | None = None
        self._ui = ui
        self._dialogs = dialogs
        self._notice = ""
        ui.logButton.clicked.connect(lambda *_arguments: self._show_log())

    def tell(self, *sentences: str) -> None:
        """Shows them below the button, each on a line of its own; without any, the line takes no room."""
        text = "\n".join(filter(None, sentences))
        self._ui.statusLabel.text = text
        self._ui.statusLabel.visible = bool(text)

    def forget(self) -> None:
        """Takes away what was told of another input."""
        self.tell()
        self._ui.logButton.visible = False

    def begin(self) -> None:
        """A run or an export is to begin: what was told of the last one is over."""
        self._notice = ""
        self.outcome = None
        self._ui.logButton.visible = False

    def show_notice(self, sentence: str) -> None:
        """A warning, which stays below what is told from now on of the run."""
        self._notice = sentence

    def show_progress(self, progress: Progress) -> None:
        """Tells how far it is, in the line and by the bar."""
        percent = percent_done(progress)
        self._ui.progressBar.maximum = 0 if percent is None else 100
        if percent is not None:
            self._ui.progressBar.value = percent
        self.tell(stage_text(progress), self._notice)

    def show_end(self, outcome: Outcome, *sentences: str) -> None:
        """Tells how it ended, and offers the log where something went wrong."""
        self.outcome = outcome
        self.tell(*sentences, *([self._notice] if outcome.done else []))
        self._ui.logButton.visible = bool(outcome.log) and not outcome.done and not outcome.cancelled

    def _show_log(self) -> None:
        assert self.outcome is not None  # else the button is hidden
        self._dialogs.show_log(self.outcome.sentence, self.outcome.log)
