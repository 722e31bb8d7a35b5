"""The panel's choices of model, quality, device, precision, spacing and threads, tied to the module's parameters."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..setup.weights_list import WeightsList, models_to_choose
from ..worker.speed import Speed
from .list_entries import add_entry
from .status_texts import time_text


class AdvancedSection:
    """Six lists to choose from. Each entry has a label for people and the value that the worker is given."""

    def __init__(self, ui: Any) -> None:
        self._parameters: Any = None
        self._voxels = 0  # of the input
        self._weights = WeightsList((), None)  # until the engine has told what there is
        self._offered: dict[str, list[tuple[str, str]]] = {}  # the entries whose labels tell times
        self._lists = {
            "model": ui.modelComboBox,
            "quality": ui.qualityComboBox,
            "device": ui.deviceComboBox,
            "precision": ui.precisionComboBox,
            "spacing": ui.spacingComboBox,
            "threads": ui.threadsComboBox,
        }
        self._offer_times()
        self.offer_devices(None)
        self.offer(
            "precision",
            [
                (_("Automatic"), "auto"),
                (_("32 bit (slowest)"), "float32"),
                (_("16 bit (bfloat16)"), "bf16"),
                (_("16 bit (float16)"), "fp16"),
            ],
        )
        self.offer(
            "spacing", [(_("1 mm (recommended)"), "auto"), (_("A fifth of the thick slices' distance"), "native")]
        )
        counts = [str(count) for count in range(1, (os.cpu_count() or 1) + 1)]
        self.offer("threads", [(_("Automatic"), "auto"), *((count, count) for count in counts)])
        for name, choices in self._lists.items():
            choices.currentIndexChanged.connect(lambda *_arguments, name=name: self._chosen(name))

    def set_parameters(self, parameters: Any) -> None:
        """Ties the lists to parameters with a member of the name of each of them; None unties them."""
        self._parameters = parameters
        self.show_parameters()

    def show_parameters(self) -> None:
        """Chooses in the lists what the parameters say, and tells the times that go with it."""
        self._offer_times()
        for name, choices in self._lists.items() if self._parameters else ():
            value = getattr(self._parameters, name)
            if choices.findData(value) < 0:  # as of a scene from another computer, or a distance that a script chose
                unknown = _("Exactly {name} mm") if name == "spacing" else _("{name} (not found)")
                add_entry(choices, unknown.format(name=value), value)
            if choices.currentIndex != choices.findData(value):
                choices.currentIndex = choices.findData(value)

    def show_input(self, volume: slicer.vtkMRMLScalarVolumeNode | None) -> None:
        """Tells how long each model and quality will take for this volume, where runs on this computer have told."""
        image = volume.GetImageData() if volume is not None else None
        self._voxels = image.GetNumberOfPoints() if image is not None else 0
        self._offer_times()

    def offer_models(self, weights: WeightsList) -> None:
        """Offers these models."""
        self._weights = weights
        self._offered.pop("model", None)
        self._offer_times()

    def _offer_times(self) -> None:
        model, quality = (getattr(self._parameters, name, "") for name in ("model", "quality"))
        models = [
            (self._with_time(label, self._expected_seconds(name, quality)), name)
            for label, name in models_to_choose(self._weights)
        ]
        best = self._expected_seconds(model, "best")
        qualities = [
            (self._with_time(_("Standard"), self._expected_seconds(model, "standard")), "standard"),
            (_("Best (8 times as long)") if best is None else self._with_time(_("Best"), best), "best"),
        ]
        for name, entries in (("model", models), ("quality", qualities)):
            if entries != self._offered.get(name):  # a list that is open stays as it is
                self._offered[name] = entries
                self.offer(name, entries)

    @staticmethod
    def _with_time(label: str, seconds: float | None) -> str:
        if seconds is None:
            return label
        return _("{choice} (about {time})").format(choice=label, time=time_text(seconds))

    def _expected_seconds(self, model: str, quality: str) -> float | None:
        asked = self._parameters
        if asked is None or not self._voxels:
            return None
        speed = Speed(slicer.app.userSettings(), asked.device, asked.precision, asked.threads)
        taken = self._weights.taken(model, asked.device)
        return speed.expected_seconds(taken, quality, self._voxels, self._weights.work())

    def offer(self, name: str, entries: Sequence[tuple[str, str]]) -> None:
        """Replaces the entries (label, value) of a list; what is chosen stays chosen."""
        choices = self._lists[name]
        parameters, self._parameters = self._parameters, None  # a list that is filled again is no choice of the user's
        choices.clear()
        for label, value in entries:
            add_entry(choices, label, value)
        self._parameters = parameters
        self.show_parameters()

    def offer_devices(self, told: dict[str, Any] | None, looking: bool = False) -> None:
        """Offers what `thinslicesr devices --json` tells; None while that is not known. looking: it soon is."""
        entries = [(_("Automatic (looking for GPUs…)") if looking else _("Automatic"), "auto")]
        for device in told["devices"] if told else ():
            if device["device"] == "cpu":
                continue
            gigabytes = device["memory_bytes"] / 1e9 if device["memory_bytes"] else None
            label = _("{name} ({memory:.0f} GB)") if gigabytes else "{name}"
            entries.append((label.format(name=device["name"], memory=gigabytes), device["device"]))
        self.offer("device", [*entries, (_("CPU"), "cpu")])

    def _chosen(self, name: str) -> None:
        choices = self._lists[name]
        if self._parameters and choices.currentIndex >= 0:
            setattr(self._parameters, name, choices.itemData(choices.currentIndex))
