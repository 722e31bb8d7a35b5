"""What a model is: the sizes of the network and how it is to be used. Kept in the metadata of its weights."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import WeightsError

# Far beyond any network that a computer can hold.
LARGEST_SIZE = 4096
LARGEST_BY_ENDING = {"_blocks": 64, "_groups": 64, "_window": 64, "ratio": 64, "_fold": 64}
LARGEST_NUMBER = 1e5
AXIS_LAYOUTS = ("published", "slice_major")


@dataclass(frozen=True)
class NetworkConfiguration:
    """The sizes of a CTHNet; the defaults are the published ones (Yu et al. 2024, and its published code).

    cube: thick slices, rows and columns that the network was made for; rows and columns may differ when it is used.
    in_plane_fold: a place of the network is a square of so many rows and columns, whose voxels are its channels. With 2
        it has a quarter of the places and takes a quarter of the time; the published network has 1.
    tail_window: rows and columns of places that the last convolution looks at. With 1 each voxel of a place is made of
        that place alone, and a mesh of places can be seen in the plane.
    doubt_channels: of the part that tells how far thin slices may lie from the truth, see `doubt`; 0 for none.
    ratio: thin slices per thick slice. A cube of n thick slices gives ratio·(n − 1) + 1 thin ones.
    axis_layout: `slice_major` lets the through-plane decoder read the slice axis, as the paper describes;
        `published` reproduces the published code, which reads channel-major features as if they were slice-major.
    trim: outer thin slices of a cube, at each end, that were never trained and are not to be used.
    image_skip: the network adds its output to the linear interpolation of its input.
    hu_range: HU that are scaled to [0, 1]; what lies outside is clipped.
    slab_inputs: the network is told how the thick slices were measured, see `slab_inputs`.
    spacings_mm, overlaps: distances of thick slices, and thickness by distance, that the network was trained for.
    """

    in_plane_fold: int = 1
    encoder_channels: int = 32
    encoder_blocks: int = 4
    encoder_heads: int = 8
    encoder_window: tuple[int, int, int] = (2, 2, 2)
    slice_channels: int = 8
    through_plane_fold: int = 8
    through_plane_groups: int = 1
    through_plane_blocks: int = 4
    through_plane_heads: int = 8
    through_plane_window: int = 4
    in_plane_groups: int = 2
    in_plane_blocks: int = 4
    in_plane_heads: int = 8
    in_plane_window: int = 8
    mlp_ratio: int = 4
    tail_channels: int = 16
    tail_window: int = 1
    doubt_channels: int = 0
    cube: tuple[int, int, int] = (8, 256, 256)
    ratio: int = 5
    axis_layout: str = "published"
    trim: int = 3
    image_skip: bool = False
    hu_range: tuple[float, float] = (-1024.0, 2048.0)
    slab_inputs: bool = False
    spacings_mm: tuple[float, float] = (4.5, 5.5)
    overlaps: tuple[float, float] = (0.9, 1.1)

    def __post_init__(self) -> None:
        self._require_plausible_entries()
        if self.axis_layout not in AXIS_LAYOUTS:
            raise WeightsError(
                f"The axis layout {self.axis_layout!r:.40} of these weights is not known; use another model.",
                "weights_refused",
            )

        self._require(self.in_plane_fold > 0, "no voxels in a place of the network")
        self._require(self.tail_window % 2 == 1, "a last convolution without a middle")
        self._require(self.ratio % 2 == 1, "an even number of thin slices per thick slice")
        # Cubes lie whole thick slices apart, so one has to give the thin slices of one.
        self._require(self.ratio <= self.thin_slices - 2 * self.trim, "a trim that leaves too few slices")
        self._require(self.thin_slices % self.through_plane_window == 0, "windows that do not fit the thin slices")
        self._require(self.slab_inputs or not self.doubt_channels, "doubt without slab inputs")
        self._require(self.cube[0] % self.encoder_window[0] == 0, "windows that do not fit the thick slices")
        for channels, heads in (
            (self.encoder_channels, self.encoder_heads),
            (self.slice_channels * self.through_plane_fold, self.through_plane_heads),
            (self.slice_channels * self.thin_slices, self.in_plane_heads),
        ):
            self._require(channels % heads == 0, "attention heads that do not divide the channels")

    def _require_plausible_entries(self) -> None:
        """Raises unless each entry is of the type of its default, and each number one that a network may have."""
        for entry in fields(self):
            value, usual = getattr(self, entry.name), entry.default
            if not isinstance(usual, tuple):
                value, usual = (value,), (usual,)
            fits = isinstance(value, tuple) and len(value) == len(usual)
            fits = fits and all(_is_plausible(entry.name, *pair) for pair in zip(value, usual, strict=True))
            self._require(fits, f"an impossible {entry.name}")
        self._require(self.hu_range[0] + 1 <= self.hu_range[1], "an impossible hu_range")
        for name, (least, most) in (("spacings_mm", self.spacings_mm), ("overlaps", self.overlaps)):
            self._require(0 < least <= most, f"an impossible {name}")
        self._require(math.prod(self.encoder_window) <= LARGEST_SIZE, "an impossible encoder_window")

    @staticmethod
    def _require(possible: bool, fault: str) -> None:
        if not possible:
            raise WeightsError(f"The configuration of these weights has {fault}; use another model.", "weights_refused")

    @property
    def thin_slices(self) -> int:
        """Thin slices that one cube gives, the trimmed ones included."""
        return self.ratio * (self.cube[0] - 1) + 1

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> NetworkConfiguration:
        """The configuration that `to_json` wrote. Raises WeightsError when it is not one."""
        try:
            stored = json.loads(text).items()
            values: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in stored
            }
            return NetworkConfiguration(**values)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            known = ", ".join(f.name for f in fields(NetworkConfiguration))
            raise WeightsError(
                f"The configuration in these weights cannot be read; known entries are {known}.", "weights_refused"
            ) from error


def _is_plausible(name: str, value: object, usual: object) -> bool:
    """Whether an entry, or one of its parts, may stand in the place of a usual one."""
    if isinstance(usual, float):
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and -LARGEST_NUMBER <= value <= LARGEST_NUMBER
        )
    if type(value) is not type(usual):
        return False
    if not isinstance(value, int) or isinstance(value, bool):
        return True
    largest = next((largest for ending, largest in LARGEST_BY_ENDING.items() if name.endswith(ending)), LARGEST_SIZE)
    return (0 if name in ("trim", "doubt_channels") or name.endswith("_groups") else 1) <= value <= largest


PUBLISHED = NetworkConfiguration()

BASE = NetworkConfiguration(
    axis_layout="slice_major", image_skip=True, slab_inputs=True, spacings_mm=(2.0, 10.0), overlaps=(0.5, 2.5)
)

SMALL = NetworkConfiguration(
    in_plane_fold=2,
    encoder_channels=32,
    encoder_blocks=2,
    encoder_heads=2,
    slice_channels=6,
    through_plane_blocks=2,
    through_plane_heads=2,
    in_plane_groups=1,
    in_plane_blocks=3,
    in_plane_heads=4,
    mlp_ratio=2,
    tail_window=3,
    doubt_channels=16,
    axis_layout="slice_major",
    image_skip=True,
    slab_inputs=True,
    spacings_mm=(2.0, 10.0),
    overlaps=(0.5, 2.5),
)
