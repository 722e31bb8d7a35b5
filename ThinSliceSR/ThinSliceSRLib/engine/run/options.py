"""The options of a synthesis, each declared once: name, type, default, choices, unit, and what it is for.

The command line, `Job`, the settings of a batch and the request of Slicer's panel are made of these dataclasses.
Nothing heavy is imported here: who lists options need not load PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ..synthesis.synthesize import Quality


@dataclass(frozen=True)
class Option:
    """How an option is shown. flag: its name on the command line.

    default: True and False are flags without a value. choices: what it can be; () where anything of its kind. unit: of
    a number. metavar: what stands for its value where neither tells.
    """

    name: str
    flag: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    unit: str | None = None
    metavar: str | None = None


def option(
    default: Any,
    help: str,
    *,
    flag: str | None = None,
    choices: tuple[str, ...] = (),
    unit: str | None = None,
    metavar: str | None = None,
) -> Any:
    """A field of a dataclass that is an option, see `Option`."""
    facts = {"help": help, "flag": flag, "choices": choices, "unit": unit, "metavar": metavar}
    return field(default=default, metadata=facts)


def options_in(kind: type[DataclassInstance]) -> Iterator[Option]:
    """The options that a dataclass declares or inherits; its other fields are left out."""
    for each in fields(kind):
        if "help" in each.metadata:
            flag = each.metadata["flag"] or f"--{each.name.replace('_', '-')}"
            yield Option(each.name, default=each.default, **{**each.metadata, "flag": flag})


def handed_on(options: DataclassInstance, kind: type[DataclassInstance]) -> dict[str, Any]:
    """The options of this kind, by name, for another dataclass that has them too."""
    return {each.name: getattr(options, each.name) for each in options_in(kind)}


def as_arguments(options: DataclassInstance) -> list[str]:
    """All options as the command line takes them, one after the other; those that are None are not named."""
    arguments: list[str] = []
    for each in options_in(type(options)):
        value = getattr(options, each.name)
        if isinstance(each.default, bool):
            arguments += [each.flag] if value != each.default else []
        elif value is not None:
            arguments += [each.flag, f"{value:g}" if each.unit else str(value)]
    return arguments


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which model computes, where and how exactly."""

    weights: str = option(
        "auto",
        "the model: a name that `thinslicesr weights list` tells, or a .safetensors file; auto (the default) takes "
        "the largest of base, medium and small on a GPU and the smallest on a CPU, of those that are there",
        metavar="NAME|FILE",
    )
    device: str = option(
        "auto",
        "where to compute: cpu, cuda (GPUs of NVIDIA or AMD), xpu (Intel) or mps (Apple), as `thinslicesr devices` "
        "lists them; auto (the default) takes a GPU if there is one",
        metavar="auto|cpu|cuda[:N]|xpu[:N]|mps",
    )
    precision: str = option(
        "auto",
        "how exactly the network computes: float32 (32 bit) most exactly, bf16 and fp16 (16 bit) faster where the "
        "device is made for it; auto (the default) takes the fastest that the device is made for",
        choices=("auto", "float32", "bf16", "fp16"),
    )
    threads: str | int = option(
        "auto",
        "how many threads compute on a CPU, of a batch for each worker; auto (the default): one per core",
        metavar="auto|N",
    )


@dataclass(frozen=True, kw_only=True)
class SliceOptions:
    """What the thick slices are, and how far apart thin ones are to be."""

    slab_mm: float | None = option(
        None,
        "how thick the slices are, whatever the file says: the width over which each averages, which is not how far "
        "apart they are",
        unit="mm",
    )
    values: str | None = option(
        None,
        "on which scale the values are stored: unit (0 to 1 for -1024 to 2048 HU), offset (HU + 1024), or hu, whatever "
        "they look like; by default they are HU, and what cannot be HU is refused",
        choices=("hu", "unit", "offset"),
    )
    spacing: str | float = option(
        "auto",
        "how far apart the thin slices lie: a number of mm, a fifth of the thick ones' distance (native), or 1 mm "
        "unless that fifth lies between 0.9 and 1.1 mm (auto, the default)",
        metavar="auto|native|MM",
    )


@dataclass(frozen=True, kw_only=True)
class QualityOptions:
    """How long the model may take for how near a result."""

    quality: Quality = option(  # noqa: RUF009 - it makes a field
        "standard",
        "best: the mean of what the model makes of each cube and of its seven mirror images, which is nearer to the "
        "truth and takes eight times as long; standard (the default) asks it once",
        choices=("standard", "best"),
    )


@dataclass(frozen=True, kw_only=True)
class ResultOptions(QualityOptions):
    """How results are made and written."""

    tiling: str = option(
        "overlapped",
        "how the cubes lie, the pieces of the volume that the network sees: overlapping and blended (the default), or "
        "side by side as in the published program",
        choices=("overlapped", "published"),
    )
    slab_consistency: str = option(
        "auto",
        "change the thin slices as little as their weighted means need to equal the thick ones (auto, the default, and "
        "on), or leave them as the network made them (off)",
        choices=("auto", "on", "off"),
    )
    dicom_compression: str = option(
        "none",
        "compress the DICOM series without loss; jpeg2000 needs the package pylibjpeg-openjpeg",
        choices=("none", "rle", "jpeg2000"),
    )
    compressed: bool = option(True, "write the volumes uncompressed: faster, but larger", flag="--uncompressed")

    @property
    def slab_consistent(self) -> bool:
        """Whether slabs of thin slices are to equal the thick ones."""
        return self.slab_consistency != "off"


@dataclass(frozen=True, kw_only=True)
class OrderOptions:
    """Which thin slices are made first."""

    first_at_mm: float = option(
        0.0,
        "make those thin slices first that lie at this distance from the first slice",
        flag="--first-at",
        unit="mm",
    )


@dataclass(frozen=True, kw_only=True)
class SynthesisOptions(ModelOptions, SliceOptions, ResultOptions):
    """What one volume and all volumes of a batch are made by."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(SynthesisOptions, OrderOptions):
    """All options of one synthesis but the names of its files."""

    series: str | None = option(
        None,
        "which DICOM series of the input to take: its UID, its number or a part of its description",
        metavar="SERIES",
    )
    force: bool = option(False, "also of slices that are thin already")
    skip_air: str = option(
        "on",
        "on (the default): interpolate the air around the body, which is faster; off: synthesise it too, as --tiling "
        "published always does",
        choices=("on", "off"),
    )
    anonymous: bool = option(
        False,
        "leave the patient's identity out of the DICOM series (Basic Profile of DICOM PS3.15; pixels stay as they are)",
    )
