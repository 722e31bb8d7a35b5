"""An evaluation in pictures: box plots of its measures, and where in the patient methods differ from the truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import MissingLibrary
from ..outputs.file_names import file_name_of
from ..outputs.replacing import PendingFiles, writing_refusal
from ..volumes.volume import Volume
from .cases import TRUTH, Case
from .evaluate import TESTED_MEASURES, Evaluation, values_of
from .pictures import DOTS_PER_INCH, INCHES_PER_PICTURE, LUNG_WINDOW, PLANES, box_of, plane_picture, to_window

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIFFERENCE_HU = 300.0
WHERE = (0.3, 0.55, 0.5)  # of the block from right to left, front to back, foot to head: mostly in the right lung


def require_matplotlib() -> None:
    """Returns when figures can be drawn. Raises MissingLibrary."""
    _figure(1, 1)


def box_plots(evaluation: Evaluation, folder: Path, files: PendingFiles) -> None:
    """Draws box_plots.png: for each measure a box of quartiles for each method, with whiskers and a dot for each case.

    files: has it appear in `folder`. Infinite values (volumes equal to the truth) are left out. Raises CannotWrite.
    """
    methods = [method for method in evaluation.medians if method != TRUTH]
    figure = _figure(INCHES_PER_PICTURE * 4, INCHES_PER_PICTURE * 2)
    axes = figure.subplots(2, 4).ravel()
    for axis, (measure, heading) in zip(axes, TESTED_MEASURES.items(), strict=False):
        taken = [
            [value for value in values_of(evaluation.scores, method, measure) if np.isfinite(value)]
            for method in methods
        ]
        places = range(1, len(methods) + 1)
        axis.boxplot(taken, positions=places, widths=0.6, showfliers=False, medianprops={"color": "black"})
        for place, values in zip(places, taken, strict=True):
            axis.plot([place] * len(values), values, "o", markersize=3, alpha=0.6)
        axis.set_xticks(list(places), methods)
        axis.set_title(heading, fontsize=10)
        axis.tick_params(labelsize=8)
    for axis in axes[len(TESTED_MEASURES) :]:
        axis.set_axis_off()
    figure.tight_layout()
    _write(figure, folder / "box_plots.png", files)


def difference_picture(
    case: Case, truth: Volume, candidates: Mapping[str, Volume], folder: Path, files: PendingFiles
) -> None:
    """Draws differences_CASE.png: rows axial, coronal, sagittal; the truth, then each method and its error in HU.

    files: has it appear in `folder`. Errors are method − truth, red where the method is brighter, full colour at 300
    HU. Raises CannotWrite.
    """
    box = box_of(truth)
    extent = box.highest - box.lowest
    through = box.lowest + extent * WHERE
    columns = 1 + 2 * len(candidates)
    heights = [extent[1], extent[2], extent[2]]
    figure = _figure(INCHES_PER_PICTURE * columns, INCHES_PER_PICTURE * sum(heights) / extent[0] + 0.5)
    axes = figure.subplots(3, columns, height_ratios=heights, gridspec_kw={"wspace": 0.02, "hspace": 0.02})
    for row, plane in enumerate(PLANES):
        true_hu = plane_picture(truth, plane, through, box).astype(np.float32)
        axes[row, 0].imshow(to_window(true_hu, LUNG_WINDOW), cmap="gray", vmin=0, vmax=255)
        for index, candidate in enumerate(candidates.values()):
            hu = plane_picture(candidate, plane, through, box).astype(np.float32)
            picture, error = axes[row, 1 + 2 * index], axes[row, 2 + 2 * index]
            picture.imshow(to_window(hu, LUNG_WINDOW), cmap="gray", vmin=0, vmax=255)
            error.imshow(hu - true_hu, cmap="RdBu_r", vmin=-DIFFERENCE_HU, vmax=DIFFERENCE_HU)
    for axis in axes.ravel():
        axis.set_axis_off()
    axes[0, 0].set_title(TRUTH, fontsize=11)
    for index, name in enumerate(candidates):
        axes[0, 1 + 2 * index].set_title(name, fontsize=11)
        axes[0, 2 + 2 * index].set_title(f"{name} - {TRUTH}, ±{DIFFERENCE_HU:.0f} HU", fontsize=11)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1 - 0.35 / figure.get_figheight())
    _write(figure, folder / f"differences_{file_name_of(case.name)}.png", files)


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingLibrary(
            "Pictures need matplotlib; install it with: pip install matplotlib", "no_matplotlib"
        ) from error
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)  # drawn without a window
    return figure


def _write(figure: Figure, path: Path, files: PendingFiles) -> None:
    try:
        figure.savefig(files.part_of(path, path.suffix))
    except OSError as error:
        raise writing_refusal(path.parent, error) from error
