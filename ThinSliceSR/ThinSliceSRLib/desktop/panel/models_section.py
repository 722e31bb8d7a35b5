"""The panel's list of models: which weights are there, and how to get, take in and remove them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from ...engine.events.told import Event, Progressed
from ..setup.available import WEIGHTS_ARGUMENTS, Available, weights_told
from ..setup.requirements import missing_requirements
from ..setup.weights_list import ListedModel, WeightsList, download_arguments, import_arguments, remove_arguments
from ..worker.later import later
from ..worker.worker_process import Ending, Worker, crash_sentence
from .dialogs import Dialogs


class ModelsSection:
    """Asks the engine which models and devices there are when somebody first needs to know, lists the models, and asks
    anew after each change."""

    def __init__(
        self,
        ui: Any,
        dialogs: Dialogs,
        on_listed: Callable[[WeightsList], None],
        offer_devices: Callable[..., None],
    ) -> None:
        """offer_devices: see `AdvancedSection.offer_devices`."""
        self.weights: WeightsList | None = None
        self._ui = ui
        self._dialogs = dialogs
        self._on_listed = on_listed
        self._offer_devices = offer_devices
        self.available = Available(self._weights_told, offer_devices, self._available_ended)
        self._worker: Worker | None = None
        self._said = ""
        ui.modelsList.currentRowChanged.connect(lambda *_arguments: self._enable())
        ui.downloadButton.clicked.connect(lambda *_arguments: self._download())
        ui.importButton.clicked.connect(lambda *_arguments: self._import())
        ui.removeButton.clicked.connect(lambda *_arguments: self._remove())
        ui.openFolderButton.clicked.connect(lambda *_arguments: self._open_folder())
        for section in (ui.advancedSection, ui.modelsSection):
            section.contentsCollapsed.connect(self._section_folded)
        self._enable()

    def ask(self, then: Callable[[], None] = lambda: None) -> None:
        """Asks for models and devices, unless they are known; calls `then` when that is over."""
        if not self.available.asking:
            self.say(_("Looking for models on this computer…"))
            self._offer_devices(None, looking=True)
        self.available.ask(then)

    def _section_folded(self, folded: bool) -> None:
        """Asks when a section that shows models or devices is opened first."""
        if folded or self.available.devices is not None:
            return
        if missing_requirements():
            self.say(_("Some of what this needs is not installed yet; choose a volume and press Apply to install it."))
        else:
            self.ask()

    def _weights_told(self, weights: WeightsList) -> None:
        self.show(weights)
        self.say(_("Looking for devices that can compute…"))

    def _available_ended(self, sentence: str) -> None:
        self.say(sentence)
        if sentence:
            self._offer_devices(None)

    def show(self, weights: WeightsList) -> None:
        """Lists these models."""
        self.weights = weights
        self._ui.modelsList.clear()
        for row, model in enumerate(weights.models):
            self._ui.modelsList.addItem(model.line)
            self._ui.modelsList.item(row).setToolTip(model.line)
        self._enable()
        self._on_listed(weights)

    def say(self, sentence: str) -> None:
        """Tells how far the question is, in the place of what was told of it before; else nothing is replaced."""
        if self._ui.modelsStatusLabel.text in ("", self._said):
            self._ui.modelsStatusLabel.text = self._said = sentence

    def close(self) -> None:
        """Ends what is going on."""
        self.available.close()
        if self._worker:
            self._worker.abandon()

    @property
    def _busy(self) -> bool:
        return self._worker is not None and self._worker.running

    @property
    def _chosen(self) -> ListedModel | None:
        row = self._ui.modelsList.currentRow
        return self.weights.models[row] if self.weights and 0 <= row < len(self.weights.models) else None

    def _name_of_chosen(self) -> str:
        chosen = self._chosen
        assert chosen is not None  # else the buttons that ask are disabled
        return chosen.name

    def _work(
        self,
        arguments: list[str],
        on_ended: Callable[[Ending], None],
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self._worker = Worker(arguments, on_ended=on_ended, on_event=on_event)
        self._worker.start()
        self._enable()

    def _refresh(self) -> None:
        told: list[WeightsList] = []

        def on_event(event: Event) -> None:
            if weights := weights_told(event):
                told.append(weights)

        def listed(ending: Ending) -> None:
            self._enable()
            if ending.done and told:
                self.show(told[0])
            else:
                self._ui.modelsStatusLabel.text = ending.sentence or crash_sentence()

        self._work(WEIGHTS_ARGUMENTS, listed, on_event)

    def _download(self) -> None:
        name = self._name_of_chosen()
        self._ui.modelsStatusLabel.text = _("Downloading {name}…").format(name=name)
        self._work(download_arguments(name), self._changed(_("Downloaded.")), self._download_progress)

    def _download_progress(self, event: Event) -> None:
        if isinstance(event, Progressed) and event.total:
            text = _("Downloading: {percent} %").format(percent=round(100 * event.done / event.total))
            self._ui.modelsStatusLabel.text = text

    def _import(self) -> None:
        file = self._dialogs.choose_weights_file()
        if file:
            self._work(import_arguments(file), self._changed(_("Imported.")))

    def _remove(self) -> None:
        name = self._name_of_chosen()
        if self._dialogs.ask(_("Remove the weights {name} from your own folder?").format(name=name)):
            self._work(remove_arguments(name), self._changed(_("Removed.")))

    def _changed(self, done_text: str) -> Callable[[Ending], None]:
        def ended(ending: Ending) -> None:
            self._ui.modelsStatusLabel.text = done_text if ending.done else ending.sentence
            # The worker that has just ended is still telling so.
            later(self._refresh)

        return ended

    def _open_folder(self) -> None:
        folder = self.weights.own_folder if self.weights else None
        assert folder is not None  # else the button is disabled
        folder.mkdir(parents=True, exist_ok=True)
        self._dialogs.open_folder(folder)

    def _enable(self) -> None:
        """Only what can be done is offered."""
        chosen = None if self._busy else self._chosen
        self._ui.downloadButton.enabled = chosen is not None and chosen.downloadable and not chosen.usable
        self._ui.removeButton.enabled = chosen is not None and chosen.removable
        self._ui.importButton.enabled = not self._busy
        self._ui.openFolderButton.enabled = self.weights is not None and self.weights.own_folder is not None
