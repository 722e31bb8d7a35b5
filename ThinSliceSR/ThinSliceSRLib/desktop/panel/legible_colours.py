"""Colours of words that can be read on any background: WCAG 2.1, success criterion 1.4.3, level AA."""

from __future__ import annotations

import colorsys

LEAST_CONTRAST = 4.5

Colour = tuple[float, float, float]
"""Red, green and blue of sRGB, each 0 to 1."""


def legible(colour: Colour, background: Colour) -> Colour:
    """The colour, made lighter or darker, whichever goes further, until it has LEAST_CONTRAST on the background.

    Black or white have at least 4.58 on every background, so one can always be found.
    """
    lighter = contrast((1, 1, 1), background) > contrast((0, 0, 0), background)
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    while contrast(colour, background) < LEAST_CONTRAST:
        lightness = min(1.0, lightness + 0.02) if lighter else max(0.0, lightness - 0.02)
        colour = colorsys.hls_to_rgb(hue, lightness, saturation)
    return colour


def contrast(first: Colour, second: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
