"""The module's panel: pick, apply, watch, compare. It wires the sections to the session and to the parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import slicer
from slicer.i18n import tr as _

from ...engine.errors import ThinSliceError
from ..compare.flip import Flip
from ..compare.leaving_volumes import LeavingVolumes
from ..compare.view_history import ViewHistory
from ..dicom.dicom_export import ExportRequest
from ..run.doubt_search import SearchRequest
from ..run.run import Run
from ..run.session import Session
from ..scene.result_nodes import ResultNodes
from ..scene.result_volume import in_scene
from ..scene.viewed_slice import viewed_slice_mm, views_of
from ..scene.volume_nodes import volume_of
from ..setup.diagnostics_button import DiagnosticsButton, Known
from ..setup.installation import Installation, something_is_being_installed
from ..setup.requirements import missing_requirements
from ..setup.weights_list import WeightsList
from ..worker.outcome import Outcome, Progress
from ..worker.request import Request
from .advanced_section import AdvancedSection
from .compare_section import CompareSection
from .dialogs import Dialogs
from .doubt_choice import DoubtChoice
from .doubt_section import DoubtSection
from .export_section import ExportSection
from .input_section import InputSection
from .message_section import MessageSection
from .models_section import ModelsSection
from .status_texts import done_text, export_failure_text, exported_text, failure_text, places_failure_text


class Panel:
    """`ui`: the .ui file's widgets by name. `set_parameters` ties it to the scene, `close` ends all that it began."""

    def __init__(self, ui: Any, session: Session, dialogs: Dialogs | None = None) -> None:
        self.ui = ui
        self._session = session
        self._dialogs = dialogs or Dialogs()
        self._parameters: Any = None
        self._run: Run | None = None
        self._messages = MessageSection(ui, self._dialogs)
        self._installation = Installation(
            on_progress=self._messages.tell, on_ended=self._installation_ended, ask=self._dialogs.ask
        )
        self._open = False
        self._usable = False
        self._shown_input: object = None
        self._input = InputSection(ui, self._show_input)
        self._advanced = AdvancedSection(ui)
        self._doubt_choice = DoubtChoice(ui, self._ask_for_models)
        self._doubt = DoubtSection(ui, self._doubt_choice, self._start_search)
        self._compare = CompareSection(ui, self._doubt.overlay)
        self._export = ExportSection(ui, self._dialogs.choose_export, self._start_export)
        self._views = ViewHistory()
        selectors = (ui.inputSelector, ui.dlsSelector, ui.bisSelector, ui.thinSelector)
        self._flip = Flip(self._compare.prepare_flip, self._views)
        self._leaving = LeavingVolumes(selectors, self._views, self._volume_leaves)
        self._models = ModelsSection(ui, self._dialogs, self._offer_models, self._advanced.offer_devices)
        self._available = self._models.available
        ui.applyButton.clicked.connect(lambda *_arguments: self.apply_or_cancel())
        self._diagnostics = DiagnosticsButton(
            ui.diagnosticsButton, self._models.ask, self._known, self._messages.tell, lambda: self._busy
        )

    def set_parameters(self, parameters: Any) -> None:
        """Ties the panel to the parameters of the scene; None unties it, as while the scene is closed."""
        self._parameters = parameters
        self._shown_input = None
        if not self._session.running:
            self._run = None
            self._messages.tell()  # what was told of another scene
        if parameters is None:
            self._compare.leave()
            self._doubt.leave()
        self._advanced.set_parameters(parameters)
        self.show_parameters()

    def show_parameters(self) -> None:
        """Shows what the parameters say; to be called when they have changed."""
        source = self._parameters.inputVolume if self._parameters else None
        self._advanced.show_parameters()
        if source is not self._shown_input or source is None:
            if source is not self._shown_input and not self._busy:
                self._messages.forget()
            self._shown_input = source
            self._input.watch(source)
            self._show_input()
        self._enable()

    def _show_input(self) -> None:
        """Tells what the input is now: readers add a volume to the scene before they fill it."""
        self._usable = self._input.show(self._shown_input)
        self._advanced.show_input(self._shown_input)
        self._compare.show_input(self._shown_input)
        self._enable()

    def enter(self) -> None:
        """The user has opened the module: Apply may be pressed soon."""
        self._open = True
        self._enable()

    def leave(self) -> None:
        """The user has gone to another module."""
        self._open = False
        self._session.stand_by.dismiss()

    def close(self) -> None:
        """Ends whatever goes on, puts the user's layout back and forgets the scene."""
        self._open = False
        self._input.watch(None)
        self._models.close()
        self._installation.abandon()
        self._compare.close()
        self._doubt.close()
        self._export.close()
        self._session.close()
        self._show_former_volumes()
        self._leaving.close()
        self._flip.close()
        self._run = None

    @property
    def _busy(self) -> bool:
        return self._session.running or self._installation.running

    # What the user does

    def apply_or_cancel(self) -> None:
        if self._session.running:
            self.ui.applyButton.enabled = False
            self._messages.tell(_("Cancelling…"))
            self._session.cancel()
        elif self._installation.running:
            self.ui.applyButton.enabled = False
            self._messages.tell(_("Cancelling when the current step of the installation has ended…"))
            self._installation.cancel()
        elif missing_requirements():
            self._installation.start()
            self._enable()
        else:
            self._start()

    def _known(self) -> Known:
        return Known(self._available.devices, self._models.weights, self._messages.outcome)

    # A run, a search or an export

    def _begin(self, start: Callable[..., Any], stage: str) -> Any:
        """What `start` has begun, when its first stage is told; None where it was refused."""
        self._messages.begin()
        try:
            begun = start(on_progress=self._messages.show_progress)
        except ThinSliceError as error:
            self._messages.tell(str(error))
            return None
        self._messages.show_progress(Progress(stage))
        self._enable()
        return begun

    def _start(self) -> None:
        def start(**listeners: Any) -> Run:
            listeners |= {"on_notice": self._messages.show_notice, "on_visible": self._show_results}
            return self._session.start(self._request(), on_ended=self._run_ended, **listeners)

        self._run = self._begin(start, "start")
        if self._run is not None:
            self._compare.forget_new_results()
            self._compare.show_input(self._shown_input)

    def _request(self) -> Request:
        """What the parameters ask for. Raises UnusableInput."""
        parameters = self._parameters
        source = parameters.inputVolume
        first_at_mm = None
        if parameters.startAtCurrentSlice:
            first_at_mm = viewed_slice_mm(source, volume_of(source).through_plane_axis)
        return Request(
            source,
            parameters.dlsVolume,
            parameters.bisVolume if parameters.makeBis else None,
            parameters.makeBis,
            weights=parameters.model,
            device=parameters.device,
            precision=parameters.precision,
            spacing=parameters.spacing,
            first_at_mm=first_at_mm or 0.0,
            threads=parameters.threads,
            quality=parameters.quality,
            wants_doubt=self._doubt_choice.wanted,
            seen=self._input.seen,
        )

    def _show_results(self, results: ResultNodes) -> None:
        """Views of the input, or of an earlier result, show DLS from now on, at the same place."""
        assert self._run is not None  # whose results they are
        self._compare.end_fade()
        views = [view for view in views_of(self._run.request.source) if not self._compare.owns(view)]
        self._views.show(results.dls, views)
        self._compare.show_new_results()

    def _run_ended(self, outcome: Outcome) -> None:
        if outcome.done:
            assert self._run is not None  # whose outcome it is
            results = self._run.results
            bis = results.bis.GetName() if results.bis else None
            with_doubt = results.doubt is not None
            self._messages.show_end(outcome, done_text(outcome, results.dls.GetName(), bis, with_doubt))
            if with_doubt:
                self.ui.doubtSection.collapsed = False
        else:
            self._messages.show_end(outcome, failure_text(outcome))
            self._show_former_volumes()
            self._compare.forget_new_results()
        self._run = None  # its volumes are the scene's now
        self._compare.show_input(self._shown_input)
        self._advanced.show_input(self._shown_input)
        self._enable()

    def _show_former_volumes(self) -> None:
        """Views that show a volume which the run was to fill show again what they showed before it."""
        if self._run is not None and in_scene(self._run.results.dls):
            self._views.undo_show(self._run.results.dls)

    def _start_search(self, request: SearchRequest) -> None:
        def ended(outcome: Outcome) -> None:
            if outcome.done:
                self._doubt.show_places(request, search.places)
            self._messages.show_end(outcome, "" if outcome.done else places_failure_text(outcome))
            self._enable()

        search = self._begin(partial(self._session.start_search, request, on_ended=ended), "places")

    def _start_export(self, request: ExportRequest) -> None:
        to_database = request.folder is None

        def ended(outcome: Outcome) -> None:
            done = exported_text(outcome, to_database) if outcome.done else export_failure_text(outcome)
            self._messages.show_end(outcome, done)
            self._enable()

        self._begin(partial(self._session.start_export, request, on_ended=ended), "export")

    def _enable(self) -> None:
        """Only what can be done is offered; the button says what it does."""
        running = self._busy
        self.ui.applyButton.text = _("Cancel") if running else _("Apply")
        self.ui.progressBar.visible = self._session.running
        self.ui.applyButton.enabled = running or (self._parameters is not None and self._usable)
        for widget in (self.ui.inputSelector, self.ui.dlsSelector, self.ui.makeBisCheckBox, self.ui.advancedSection):
            widget.enabled = not running
        self.ui.bisSelector.enabled = not running and self.ui.makeBisCheckBox.checked
        self._export.show_input(self._shown_input, running)
        self._doubt_choice.show(self._parameters, running)
        self._doubt.show_input(self._shown_input, running)
        self._prepare()

    def _prepare(self) -> None:
        """Has a worker stand by once a run can be asked for, and nothing changes what it would load."""
        likely = self._open and self.ui.applyButton.enabled and not self._busy
        changing = something_is_being_installed()
        if likely and not changing and not self._session.stand_by.tried and not missing_requirements():
            self._session.stand_by.prepare()

    # What is told by others

    def _installation_ended(self, succeeded: bool, sentence: str) -> None:
        self._messages.tell(sentence)
        self._enable()
        if succeeded and self._parameters and self._usable:
            self._start()

    def _offer_models(self, weights: WeightsList) -> None:
        self._advanced.offer_models(weights)
        self._doubt_choice.show_weights(weights)
        self._doubt.show_input(self._shown_input, self._busy)

    def _ask_for_models(self) -> None:
        """Of a panel that is tied to a scene; what is not installed yet the run will tell of."""
        if self._parameters is not None and not missing_requirements():
            self._models.ask()

    def _volume_leaves(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        self._doubt.volume_leaves(volume)
        self._compare.volume_leaves(volume)
