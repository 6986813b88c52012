"""Colours of spans can be told from the page, and what is written on them can be read."""

import pytest

from perfkit.report.drawing.kinds import COLOURS, colour_of


def test_a_kind_that_is_not_known_is_drawn_like_the_application():
    assert colour_of("dream") == colour_of("span") != colour_of("query")


@pytest.mark.parametrize("colour", sorted(set(COLOURS.values())))
def test_a_kind_is_seen_on_both_pages_and_its_label_can_be_read(colour):
    light, dark, white = map(luminance, ("#ffffff", "#14171c", "#ffffff"))
    own = luminance(colour)
    assert (light + 0.05) / (own + 0.05) >= 3
    assert (own + 0.05) / (dark + 0.05) >= 3
    assert (white + 0.05) / (own + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
