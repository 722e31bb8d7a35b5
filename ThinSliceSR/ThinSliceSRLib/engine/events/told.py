"""The events of the command line, as the engine writes and programs read them: one dataclass for each.

Sizes and distances are along i, j, k, as files hold them; distances in mm, errors in HU, times in seconds. A field that
may be missing in the JSON has a default; one that is None by default is left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """One line of JSON. event: what it is called there."""

    event: ClassVar[str]


@dataclass(frozen=True)
class Started(Event):
    event: ClassVar[str] = "started"


@dataclass(frozen=True)
class Finished(Event):
    event: ClassVar[str] = "finished"


@dataclass(frozen=True)
class Warned(Event):
    """What asks for care."""

    event: ClassVar[str] = "warning"
    code: str
    message: str


@dataclass(frozen=True)
class Noted(Event):
    """What is good to know, and nothing to worry about."""

    event: ClassVar[str] = "note"
    code: str
    message: str


@dataclass(frozen=True)
class Progressed(Event):
    """eta_s: seconds left of the stage; None when unknown. slices: the first and last thin slice just finished."""

    event: ClassVar[str] = "progress"
    stage: str
    done: int
    total: int
    eta_s: float | None
    slices: tuple[int, int] | None = None


@dataclass(frozen=True)
class Failed(Event):
    """message: one sentence that says what is wrong and what to do."""

    event: ClassVar[str] = "failed"
    code: str
    message: str


@dataclass(frozen=True)
class Grid:
    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class Slab:
    """How thick the slices are taken to be, how far apart they are, and who told the thickness."""

    thickness_mm: float
    spacing_mm: float
    told_by: str


@dataclass(frozen=True)
class Series:
    """The DICOM series that was taken."""

    uid: str
    description: str | None


@dataclass(frozen=True)
class Input(Grid):
    """values: the scale on which they are stored."""

    slab: Slab
    values: str = "as stored"
    series: Series | None = None


@dataclass(frozen=True)
class Weights:
    name: str
    sha256: str


@dataclass(frozen=True)
class SynthesisStarted(Started):
    """output: of the result. synthesis: of the preview and of slices that are told as they are finished."""

    slice_axis: int
    input: Input
    output: Grid
    synthesis: Grid
    device: str
    precision: str
    weights: Weights
    engine_version: str
    cubes: int
    air: str
    slab_consistency: str
    quality: str = "standard"


@dataclass(frozen=True)
class SlabErrorHu:
    mean: float
    p99: float


@dataclass(frozen=True)
class SynthesisFinished(Finished):
    """outputs: the paths of what was written, by what it is. slab_bell_share: 0: slices are boxes, 1: bells."""

    seconds: float
    outputs: dict[str, str]
    device: str
    precision: str
    slab_bell_share: float
    slab_error_hu: SlabErrorHu


@dataclass(frozen=True)
class PlacesFinished(Finished):
    """places: each as a `Structure` tells it."""

    seconds: float
    outputs: dict[str, str]
    places: list[dict[str, Any]]


@dataclass(frozen=True)
class ExportFinished(Finished):
    """series: the UIDs of what was written, by what it is."""

    seconds: float
    outputs: dict[str, str]
    series: dict[str, str]


@dataclass(frozen=True)
class DownloadFinished(Finished):
    outputs: dict[str, str]


@dataclass(frozen=True)
class BatchStarted(Started):
    """dashboard: its address; None where there is none."""

    volumes: int
    skipped: int
    left_out: int
    workers: int
    dashboard: str | None
    device: str
    precision: str
    weights: Weights
    engine_version: str
    manifest: str


@dataclass(frozen=True)
class BatchFinished(Finished):
    """warnings: how many volumes have which, by their codes."""

    seconds: float
    volumes: int
    skipped: int
    with_warnings: int
    warnings: dict[str, int]
    manifest: str


@dataclass(frozen=True)
class WeightsListed(Started):
    """automatic: what the choice `auto` takes with a GPU (gpu) and without (cpu); None where none is there."""

    folders: dict[str, str]
    weights: list[dict[str, Any]]
    registered: list[dict[str, Any]]
    automatic: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class DevicesListed(Finished):
    """torch, cuda: versions; None where there is none. auto: the device that the choice `auto` takes."""

    torch: str
    cuda: str | None
    devices: list[dict[str, Any]]
    auto: str


# Of one name, those that ask for more come first.
EVENTS: tuple[type[Event], ...] = (
    SynthesisStarted,
    BatchStarted,
    WeightsListed,
    Started,
    SynthesisFinished,
    BatchFinished,
    PlacesFinished,
    ExportFinished,
    DevicesListed,
    DownloadFinished,
    Finished,
    Progressed,
    Warned,
    Noted,
    Failed,
)
