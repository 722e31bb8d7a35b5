"""Warnings can be read on every background."""

from __future__ import annotations

import re
from typing import Any

import pytest
from driving import add_thick_volume, choose, open_module
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.desktop.panel.input_section import COLOURS
from ThinSliceSRLib.desktop.panel.legible_colours import contrast, legible

part = st.floats(0, 1)
colour = st.tuples(part, part, part)


def test_the_contrast_is_that_of_wcag():
    assert contrast((1, 1, 1), (0, 0, 0)) == pytest.approx(21)
    assert contrast((0x76 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)  # the usual example of a grey


@given(colour, colour)
def test_every_colour_can_be_made_legible_on_every_background(first: Any, background: Any):
    made = legible(first, background)
    assert contrast(made, background) >= 4.5
    if contrast(first, background) >= 4.5:
        assert made == first


@pytest.mark.parametrize("level", ["error", "warning"])
@pytest.mark.parametrize("grey", [0.2, 0.94])
def test_a_warning_stays_of_its_colour(level: str, grey: float):
    red, green, blue = legible(COLOURS[level], (grey, grey, grey))
    assert red > green > blue


@pytest.mark.parametrize("background", ["#efefef", "#ffffff", "#323232", "#000000", "#808080"])
@pytest.mark.parametrize("spacing_mm", [1.0, 12.0])  # an error, and a warning
def test_what_speaks_against_an_input_is_drawn_legibly(
    application: Any, scene: Any, temporary_folder: Any, background: str, spacing_mm: float
):
    import qt

    before = qt.QPalette(application.palette())
    palette = qt.QPalette(before)
    palette.setColor(qt.QPalette.Window, qt.QColor(background))
    application.setPalette(palette)
    module = open_module(__name__)
    try:
        choose(module.ui.inputSelector, add_thick_volume(spacing_mm=spacing_mm))
        label = module.ui.findingsLabel
        [drawn] = re.findall("color:(#[0-9a-f]{6})", label.text)
        picture = label.grab().toImage()
        pixels = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
        assert {drawn, background} <= pixels
        assert contrast(*[qt.QColor(name).getRgbF()[:3] for name in (drawn, background)]) >= 4.49
    finally:
        module.cleanup()
        application.setPalette(before)
