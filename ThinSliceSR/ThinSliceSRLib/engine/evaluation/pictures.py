"""Pictures for people: volumes side by side in three planes, drawn as a radiologist expects them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import MissingLibrary
from ..outputs.whole_file import whole_file
from ..volumes.volume import Volume

LUNG_WINDOW = (-600.0, 1500.0)
PLANES = ("axial", "coronal", "sagittal")
INCHES_PER_PICTURE = 3.2
DOTS_PER_INCH = 110
DETAIL_HEIGHT = 0.5  # of its width
DETAIL_PIXELS = 700


@dataclass(frozen=True)
class MillimetreBox:
    """A block in patient coordinates (LPS, mm): what all pictures of a figure show, whatever the volume's spacing."""

    lowest: np.ndarray
    highest: np.ndarray


def to_window(hu: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Grey values 0 to 255 (uint8) of HU in a window (level, width)."""
    level, width = window
    return np.rint(np.clip((hu - level) / width + 0.5, 0, 1) * 255).astype(np.uint8)


def box_of(volume: Volume) -> MillimetreBox:
    """The block between the centres of the outermost voxels."""
    last = np.array(volume.size) - 1
    corners = np.array(np.meshgrid(*([0, length] for length in last))).reshape(3, -1).T
    places = np.asarray(volume.origin_mm) + (corners * volume.spacing_mm) @ np.asarray(volume.direction).T
    return MillimetreBox(places.min(axis=0), places.max(axis=0))


def plane_picture(
    volume: Volume, plane: str, through: np.ndarray, box: MillimetreBox, step_mm: float = 0.5
) -> np.ndarray:
    """HU on a plane through a point (LPS, mm), `step_mm` per pixel, each pixel that of the nearest voxel.

    Radiological convention: the patient's right on the left in axial and coronal pictures, anterior on the left in
    sagittal ones, head up in both upright planes, anterior up in axial ones. Outside of the volume: −1024 HU.
    """
    x, y, z = (np.arange(low, high + step_mm / 2, step_mm) for low, high in zip(box.lowest, box.highest, strict=True))
    across, down, fixed = {
        "axial": ((0, x), (1, y), 2),
        "coronal": ((0, x), (2, z[::-1]), 1),
        "sagittal": ((1, y), (2, z[::-1]), 0),
    }[plane]
    places = np.empty((len(down[1]), len(across[1]), 3))
    places[..., across[0]] = across[1]
    places[..., down[0]] = down[1][:, None]
    places[..., fixed] = through[fixed]
    to_index = np.linalg.inv(np.asarray(volume.direction) * volume.spacing_mm)
    index = np.rint((places - volume.origin_mm) @ to_index.T + 1e-6).astype(int)
    inside = np.all((index >= 0) & (index < volume.size), axis=-1)
    i, j, k = np.where(inside[..., None], index, 0).transpose(2, 0, 1)
    return np.where(inside, volume.hu[k, j, i], -1024)


def comparison_figure(
    columns: dict[str, Volume],
    path: Path,
    window: tuple[float, float] = LUNG_WINDOW,
    through: np.ndarray | None = None,
    detail_mm: float | None = None,
    undo: ExitStack | None = None,
) -> None:
    """Writes a PNG: rows axial, coronal, sagittal; one column per volume, with its title; all at the same place.

    through: a point (LPS, mm) on all three planes; by default one in the first volume's right lung or, where that lies
    elsewhere, nearby. The block shown is that of the last volume.
    detail_mm: adds a row: this many mm, across, of the coronal picture around `through`, enlarged.
    undo: as in `whole_file`. Raises CannotWrite.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from PIL import Image
    except ImportError as error:
        raise MissingLibrary(
            "Pictures need matplotlib; install it with: pip install matplotlib", "no_matplotlib"
        ) from error

    box = box_of(list(columns.values())[-1])
    extent = box.highest - box.lowest
    if through is None:
        through = box.lowest + extent * (0.3, 0.55, 0.5)
    through = np.asarray(through, float)
    rows = [(plane, box, 0.5) for plane in PLANES]
    heights = [extent[1] / extent[0], extent[2] / extent[0], extent[2] / extent[0]]
    if detail_mm is not None:
        half = detail_mm / 2 * np.array((1, 1, DETAIL_HEIGHT))
        rows.append(("coronal", MillimetreBox(through - half, through + half), detail_mm / DETAIL_PIXELS))
        heights.append(DETAIL_HEIGHT)
    width = INCHES_PER_PICTURE * len(columns)
    figure = Figure(figsize=(width, INCHES_PER_PICTURE * sum(heights) + 0.5), dpi=DOTS_PER_INCH)
    figure.patch.set_facecolor("black")
    axes = figure.subplots(
        len(rows), len(columns), height_ratios=heights, squeeze=False, gridspec_kw={"wspace": 0.02, "hspace": 0.02}
    )
    for column, (title, volume) in enumerate(columns.items()):
        for row, (plane, shown, step_mm) in enumerate(rows):
            axis = axes[row, column]
            picture = to_window(plane_picture(volume, plane, through, shown, step_mm), window)
            axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
            axis.set_axis_off()
        axes[0, column].set_title(title, color="white", fontsize=11)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1 - 0.35 / figure.get_figheight())
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # All is grey: one channel instead of four keeps the noise of CT, which does not compress, under a megabyte.
    grey = Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., 0]))
    with whole_file(path, undo) as part:
        grey.save(part, format="PNG", optimize=True)
