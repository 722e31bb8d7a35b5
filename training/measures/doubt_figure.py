"""The reliability of a doubt as a picture: what is held of what is claimed, and what is left of the error without the
most doubtful voxels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from ThinSliceSRLib.engine.calibration.calibration import COVERAGES
from ThinSliceSRLib.engine.evaluation.reliability import SPARSIFIED
from ThinSliceSRLib.engine.outputs.whole_file import whole_file

from .doubt_samples import AT_CENTRES, BETWEEN, OVERALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .doubt_measurement import Reliability

INCHES, DOTS_PER_INCH = 2.3, 80
COLOURS = 256  # of a palette, which keeps the file small
WITHIN = 0.03  # of a claim, in which it counts as held
MARKS = {OVERALL: ("black", "o"), AT_CENTRES: ("C6", "x"), BETWEEN: ("C9", "+")} | {
    kind: (f"C{number}", mark)
    for number, (kind, mark) in enumerate(
        zip(("lung", "vessels", "lung borders", "bone", "soft tissue"), "s^vDP", strict=True)
    )
}


def draw(rows: Sequence[Reliability], path: Path) -> None:
    """Writes a PNG, of slices side by side: for each volume a row of reliability diagrams and one of sparsification
    curves, a column for each spacing. Raises CannotWrite."""
    volumes = list(dict.fromkeys(row.volume for row in rows))
    rows = [row for row in rows if row.profile.overlap == 1]
    spacings = sorted({row.profile.spacing_mm for row in rows})
    size = INCHES * len(spacings) + 1.3, INCHES * 2 * len(volumes) + 0.3
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots(2 * len(volumes), len(spacings), squeeze=False)
    for row in rows:
        column, first = spacings.index(row.profile.spacing_mm), 2 * volumes.index(row.volume)
        _draw_held(axes[first, column], row)
        _draw_left(axes[first + 1, column], row)
        axes[first, column].set_title(f"{Path(row.volume).stem}, {row.profile.spacing_mm:g} mm", fontsize=7)
    for line in axes:
        line[-1].legend(fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
    with whole_file(path) as part:
        picture.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(part, format="PNG", optimize=True)


def _draw_held(axes: Axes, row: Reliability) -> None:
    ends = (0.4, 1.0)
    axes.fill_between(ends, [end - WITHIN for end in ends], [end + WITHIN for end in ends], color="0.85", lw=0)
    axes.plot(ends, ends, color="0.5", lw=0.7)
    for kind, shares in row.held.items():
        colour, mark = MARKS[kind]
        axes.plot(COVERAGES, shares, color=colour, marker=mark, ms=3, lw=0.8, label=kind)
    axes.set(xlim=ends, ylim=(0.15, 1.0), xlabel="claimed", ylabel="held")
    _small(axes)


def _draw_left(axes: Axes, row: Reliability) -> None:
    curves = (
        ("doubt", row.ranking.curve, "C1", "-"),
        ("steps between\nthick slices", row.steps.curve, "C0", "--"),
        ("true errors", row.ranking.oracle, "black", ":"),
        ("by chance", 1 - SPARSIFIED, "0.6", "-"),
    )
    for label, curve, colour, style in curves:
        axes.plot(SPARSIFIED, curve, color=colour, ls=style, lw=1.0, label=label)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="most doubtful left out", ylabel="squared error left")
    _small(axes)


def _small(axes: Axes) -> None:
    axes.tick_params(labelsize=6)
    axes.xaxis.label.set_fontsize(6)
    axes.yaxis.label.set_fontsize(6)
