"""The models that there are, as the engine lists them for programs, in words for the panel.

It runs nothing: the `…_arguments` are for a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from slicer.i18n import tr as _

AUTOMATIC = "auto"


@dataclass(frozen=True)
class ListedModel:
    """One weights file, or registered weights that are not here.

    bytes: of the file. state: as in the engine's inventory, or `missing` (registered, but not here). place: `own`,
    `installed` or `clone`; empty when missing, and then `path` is None. used: by its name it is this file that is
    found. downloadable: an address is registered. doubts: it can tell where its thin slices may be wrong.
    multiplications_per_voxel: of the thick slices; None where that cannot be told.
    """

    name: str
    bytes: int
    state: Literal["registered", "differs", "local", "damaged", "missing"]
    place: str = ""
    path: Path | None = None
    used: bool = False
    trained: bool = True
    downloadable: bool = False
    doubts: bool = False
    multiplications_per_voxel: float | None = None

    @property
    def usable(self) -> bool:
        """Whether a run can ask for it by its name."""
        return self.used and self.state not in ("damaged", "missing")

    @property
    def removable(self) -> bool:
        return self.place == "own"

    @property
    def line(self) -> str:
        """One line for the panel: name, size, what it is or what to do, where it is."""
        parts = [self.name, _("{size} MB").format(size=f"{self.bytes / 1e6:.1f}"), self._state_text()]
        if not self.trained and self.state != "damaged":
            parts.append(_("untrained, for tests only"))
        if self.doubts:
            parts.append(_("tells where it may be wrong"))
        if self.state != "missing":
            parts.append(_("in your own folder") if self.removable else _("came with ThinSliceSR"))
            if not self.used:
                parts.append(_("not used, because another of this name is found first"))
        return " · ".join(parts)

    def _state_text(self) -> str:
        if self.state == "missing":
            if self.downloadable:
                return _("not on this computer, can be downloaded")
            return _("not on this computer, and no address to download from is known; import its file")
        if self.state == "damaged":
            return _("damaged; {remedy}").format(remedy=self._remedy())
        if self.state == "differs":
            return _("not the registered model of this name; {remedy}").format(remedy=self._remedy())
        return _("ready") if self.state == "registered" else _("ready, not a registered model")

    def _remedy(self) -> str:
        if not self.removable:
            return _("install ThinSliceSR again")
        return _("remove it, then download it again") if self.downloadable else _("remove it, then import it again")


@dataclass(frozen=True)
class WeightsList:
    """own_folder: the user's own, which may not exist yet; None when the user has none.

    automatic: the models that the automatic choice takes with a GPU and without one; None where none is there.
    """

    models: tuple[ListedModel, ...]
    own_folder: Path | None
    automatic: tuple[str | None, str | None] = (None, None)

    def cannot_doubt(self, name: str) -> bool:
        """Whether it is known that no model that a run would take by this name tells where it may be wrong."""
        found = [model for model in self.models if model.usable and model.name == name]
        return bool(found) and not any(model.doubts for model in found)

    def taken(self, name: str, device: str) -> str:
        """The model that a run takes by this name; the automatic choice stays itself where only the run can tell."""
        on_gpu, on_cpu = self.automatic
        if name != AUTOMATIC or (device == "auto" and on_gpu != on_cpu):
            return name
        return (on_cpu if device == "cpu" else on_gpu) or name

    def work(self) -> dict[str, float]:
        """How much each model has to compute for a voxel, by its name, where that is known."""
        return {
            model.name: model.multiplications_per_voxel
            for model in self.models
            if model.usable and model.multiplications_per_voxel
        }


def weights_list_of(content: Mapping[str, Any]) -> WeightsList:
    """What `thinslicesr weights list --json` tells. Raises KeyError when it is something else."""
    registered = {model["name"]: model for model in content["registered"]}
    here = [_model_of_file(file, registered.get(file["name"])) for file in content["weights"]]
    names = {model.name for model in here}
    missing = [
        ListedModel(name, model["bytes"], "missing", downloadable=bool(model["urls"]))
        for name, model in registered.items()
        if name not in names
    ]
    own = content["folders"].get("own")
    automatic = content["automatic"]
    return WeightsList((*here, *missing), Path(own) if own else None, (automatic["gpu"], automatic["cpu"]))


def models_to_choose(weights: WeightsList) -> list[tuple[str, str]]:
    """Label and value (for `--weights`) of each model that a run can use, the automatic choice first."""
    models = [(_label(model, *weights.automatic), model.name) for model in weights.models if model.usable]
    return [(_automatic_label(*weights.automatic), AUTOMATIC), *models]


def doubt_obstacle(weights: WeightsList | None, model: str, device: str) -> str:
    """Why a run with these choices cannot tell where it may be wrong, in a sentence; empty when it can, or may.

    weights: None while that is not known. With the automatic choice of the device, a GPU may be there.
    """
    if weights is None:
        return ""
    on_gpu, on_cpu = weights.automatic
    chosen = [model] if model != AUTOMATIC else [on_cpu] if device == "cpu" else [on_gpu, on_cpu]
    names = list(dict.fromkeys(name for name in chosen if name is not None))
    if not names or not all(map(weights.cannot_doubt, names)):
        return ""  # a model that is not here the run will tell of
    if not any(model.usable and model.doubts for model in weights.models):
        return _("No model on this computer can tell where it may be wrong; get one under Models.")
    sentence = _("The model {name} cannot tell where it may be wrong; choose another under Advanced.")
    return sentence.format(name=" / ".join(names))


def download_arguments(name: str) -> list[str]:
    """Fetches a registered model into the user's own folder, telling events."""
    return ["weights", "download", name, "--progress", "json"]


def import_arguments(file: Path) -> list[str]:
    """Takes a weights file, or a published checkpoint, into the user's own folder."""
    return ["weights", "import", str(file.absolute())]


def remove_arguments(name: str) -> list[str]:
    """Removes a model, and what a download of it has left, from the user's own folder."""
    return ["weights", "remove", name]


def _label(model: ListedModel, on_gpu: str | None, on_cpu: str | None) -> str:
    """Where the automatic choice depends on the computer, the one that it takes on a CPU is the fast one."""
    label = "{name}"
    if not model.trained:
        label = _("{name} (untrained, for tests only)")
    elif on_gpu != on_cpu and model.name == on_cpu:
        label = _("Fast: {name}")
    elif on_gpu != on_cpu and model.name == on_gpu:
        label = _("Best: {name}")
    return label.format(name=model.name)


def _automatic_label(on_gpu: str | None, on_cpu: str | None) -> str:
    if on_gpu is None or on_cpu is None:
        return _("Automatic")
    if on_gpu == on_cpu:
        return _("Automatic ({name})").format(name=on_gpu)
    return _("Automatic ({on_gpu} on a GPU, {on_cpu} on a CPU)").format(on_gpu=on_gpu, on_cpu=on_cpu)


def _model_of_file(file: dict[str, Any], registered: dict[str, Any] | None) -> ListedModel:
    return ListedModel(
        file["name"],
        file["bytes"],
        file["state"],
        file["place"],
        Path(file["path"]),
        file["used"],
        file["trained"],
        downloadable=bool(registered and registered["urls"]),
        doubts=bool(file.get("doubts")),
        multiplications_per_voxel=file.get("multiplications_per_voxel"),
    )
