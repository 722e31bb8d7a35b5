"""What a training run is told: dataclasses, read from YAML."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import yaml
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.configuration import BASE, PUBLISHED, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.weights.weights_header import can_be_shown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SIZES = {"small": SMALL, "base": BASE, "published": PUBLISHED}

Section = TypeVar("Section", bound="DataclassInstance")


@dataclass(frozen=True)
class SimulatedPairSettings:
    """How thick slices are simulated from thin volumes. A share is the probability for one sample.

    crop: rows and columns of a sample.
    usual_share: slabs of 5 mm side by side; of the others, touching_share lie side by side at distances within
        `spacing_mm`, and the rest overlap or leave gaps: thickness by distance lies within `overlap`.
    box_share: profiles that are a box; the others are part box, part bell.
    bell_error: standard deviation of the error in the bell share that the network is told.
    off_centre_share: first thick slice between two slices of the volume.
    thicker_share, thicker: thin slices thicker than they are apart: by how much at most their profile is wider, as the
        standard deviation of a Gaussian by the distance of thin slices.
    kernel_share, kernel: slices made softer (below 0) or sharper in the plane, and by how much at least and at most.
    zoomed_share, zoom: samples enlarged (above 1) or made smaller in the plane, and by how much at least and at most;
        aspect: columns by how much more than rows.
    turned_share, turn_degrees: samples turned in the plane by other angles than right ones, and by how much at most.
    stretched_share, stretch: slices taken to lie further apart (above 1) or nearer than they do, where they still show
        the thin slices that are wanted.
    other_densities_share: tissues denser or less dense than they are (`data/patient.py`).
    noisy_share, noise_hu: noise added before thick slices are made, and its largest standard deviation in these.
    in_plane_share: samples whose slice axis is a row or column axis, for volumes thin enough along the slices.
    body_share, places: samples that lie in the body, and of how many places there the one whose slices differ most.
    weights: how often volumes are drawn, by a part of the file's name; 1 for all others.
    """

    crop: int = 64
    usual_share: float = 0.35
    touching_share: float = 0.5
    spacing_mm: tuple[float, float] = (2.0, 10.0)
    overlap: tuple[float, float] = (0.5, 2.5)
    box_share: float = 0.5
    bell_error: float = 0.15
    off_centre_share: float = 0.1
    thicker_share: float = 0.0
    thicker: float = 0.6
    kernel_share: float = 0.2
    kernel: tuple[float, float] = (-1.0, 1.0)
    zoomed_share: float = 0.0
    zoom: tuple[float, float] = (0.8, 1.25)
    aspect: tuple[float, float] = (1.0, 1.0)
    turned_share: float = 0.0
    turn_degrees: float = 45.0
    stretched_share: float = 0.0
    stretch: tuple[float, float] = (0.8, 1.2)
    other_densities_share: float = 0.0
    noisy_share: float = 0.2
    noise_hu: float = 8.0
    in_plane_share: float = 0.3
    body_share: float = 0.9
    places: int = 1
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RealPairSettings:
    """Folders `thin` and `thick` with files of the same names, as the paper has them.

    stored_as: `unit` for floats from 0 to 1 (RPLHR-CT: HU = 3072 · value − 1024), `hu` for HU.
    """

    crop: int = 256
    stored_as: Literal["hu", "unit"] = "hu"


@dataclass(frozen=True)
class OptimisationSettings:
    """schedule: `constant` after the warm-up until a decay is asked for, or `plateau`: the learning rate is divided by
    10 after 3 validations without gain and the run ends instead of a fourth such drop.
    begun_with_rate: learning rate of what the weights of `train --start` hold, by that of all else, if anything.
    texture: how much the l1 distance of the finest in-plane texture (`diagonals`) counts beside the loss.
    even_changes: how much it counts that slices change more at some places of a slab than the true ones do
        (`changes_by_place`), as they do where DLS follows the slabs' own noise.
    consistent: the loss judges thin slices after their slab correction, as a run hands them out.
    doubt_only: nothing is trained but the part that tells the doubt, as a last run after that of the thin slices.
    average: share of the old value in each step of the moving average of the weights; 0 switches it off.
    """

    learning_rate: float = 1e-3
    begun_with_rate: float = 1.0
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    schedule: Literal["constant", "plateau"] = "constant"
    batch: int = 2
    loss: Literal["l1", "charbonnier", "l2"] = "l1"
    texture: float = 0.0
    even_changes: float = 0.0
    consistent: bool = False
    doubt_only: bool = False
    gradient_clip: float = 1.0
    average: float = 0.999
    steps: int = 100_000


@dataclass(frozen=True)
class ValidationSettings:
    """Validation after so many steps, on the central region of so many rows and columns of each volume.

    slabs: thickness and distance (mm) of the thick slices that are simulated of each.
    """

    every_steps: int = 500
    region: int = 256
    slabs: tuple[tuple[float, float], ...] = ((5.0, 5.0),)


@dataclass(frozen=True)
class HardwareSettings:
    """Handed to Lightning's Trainer. `compile` compiles the network for the training steps (minutes, once)."""

    accelerator: str = "auto"
    devices: int = 1
    strategy: str = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "bf16-mixed"
    workers: int = 0
    compile: bool = False


@dataclass(frozen=True)
class Settings:
    """A training run. Exactly one of `simulated_pairs` and `real_pairs` is given."""

    name: str
    network: NetworkConfiguration
    trained_on: str = ""
    seed: int = 1
    start_at_linear_interpolation: bool = True
    simulated_pairs: SimulatedPairSettings | None = None
    real_pairs: RealPairSettings | None = None
    optimisation: OptimisationSettings = field(default_factory=OptimisationSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    hardware: HardwareSettings = field(default_factory=HardwareSettings)

    @property
    def crop(self) -> int:
        """Rows and columns of a sample."""
        pairs = self.simulated_pairs or self.real_pairs
        assert pairs is not None
        return pairs.crop


def read_settings(path: Path) -> Settings:
    """The settings in a YAML file. Raises UnusableInput with one sentence when it is not one."""
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableInput(f"The settings {path} cannot be read ({error.strerror}); check the path.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnusableInput(f"The settings {path} are not YAML; compare them with training/small.yaml.") from error
    return settings_from(values)


def settings_from(values: Any) -> Settings:
    """The settings that nested dictionaries hold; refuses what is unknown, missing or of the wrong type."""
    values = dict(_mapping(values, "settings"))
    values["network"] = _network(values.get("network"))
    settings = _section(Settings, values, "settings")
    if (settings.simulated_pairs is None) == (settings.real_pairs is None):
        raise UnusableInput("The settings must have either simulated_pairs or real_pairs; give one of the two.")
    if not can_be_shown(settings.name):
        raise UnusableInput("The name in the settings is no short line of letters; choose another one.", "settings")
    if settings.start_at_linear_interpolation and not settings.network.image_skip:
        raise UnusableInput(
            "A network without an image skip cannot start at linear interpolation; set one of the two otherwise."
        )
    return settings


def _network(values: Any) -> NetworkConfiguration:
    """A known set of sizes, with what is to differ: `{sizes: small, trim: 0}`."""
    values = dict(_mapping(values, "network"))
    sizes = values.pop("sizes", None)
    own = dataclasses.asdict(SIZES[_one_of(sizes, tuple(SIZES), "sizes")])
    return _section(NetworkConfiguration, {**own, **values}, "network")


def _section(kind: type[Section], values: Any, name: str) -> Section:
    values = _mapping(values, name)
    types = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(types))
    if unknown:
        raise UnusableInput(
            f"The entry {unknown[0]!r} in {name} is not known; known entries are {', '.join(types)}.", "settings"
        )
    needed = [
        item.name
        for item in dataclasses.fields(kind)
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    ]
    missing = [entry for entry in needed if entry not in values]
    if missing:
        raise UnusableInput(f"The entry {missing[0]!r} is missing in {name}; add it.", "settings")
    return kind(**{entry: _value(types[entry], value, entry) for entry, value in values.items()})


def _value(kind: Any, value: Any, name: str) -> Any:
    """`value` as `kind`, one of the types that the dataclasses above use."""
    if typing.get_origin(kind) is Literal:
        return _one_of(value, typing.get_args(kind), name)
    alternatives = [option for option in typing.get_args(kind) if option is not type(None)]
    if type(None) in typing.get_args(kind):
        return None if value is None else _value(alternatives[0], value, name)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return value if isinstance(value, kind) else _section(kind, value, name)
    origin = typing.get_origin(kind) or kind
    if origin is tuple and typing.get_args(kind)[-1] is Ellipsis and isinstance(value, (list, tuple)):
        return tuple(_value(alternatives[0], item, name) for item in value)
    if origin is tuple and isinstance(value, (list, tuple)) and len(value) == len(alternatives):
        return tuple(_value(option, item, name) for option, item in zip(alternatives, value, strict=True))
    if origin is dict and isinstance(value, dict):
        return {_value(str, key, name): _value(alternatives[1], item, name) for key, item in value.items()}
    if origin is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if origin in (int, str, bool) and type(value) is origin:
        return value
    raise UnusableInput(f"The entry {name!r} cannot be {value!r}; compare it with training/small.yaml.", "settings")


def _mapping(values: Any, name: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise UnusableInput(
            f"The {name} must be entries with values; compare them with training/small.yaml.", "settings"
        )
    return values


def _one_of(value: Any, known: tuple[str, ...], name: str) -> str:
    if value not in known:
        raise UnusableInput(f"The entry {name!r} cannot be {value!r}; it is one of {', '.join(known)}.", "settings")
    return value
