"""Colors that must be told apart, or read upon."""

import pytest
from streamlit.elements.lib import streamlit_plotly_theme

from app import theme


def luminance(color: str) -> float:
    channels = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first: str, second: str) -> float:
    """As WCAG 2.2 defines it, from 1 to 21."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


COLORS = (*theme.PALETTE, *theme.KNOWN_GROUPS.values(), *(color for _, color, _ in theme.RATINGS))


@pytest.mark.parametrize("color", sorted(set(COLORS)))
def test_writing_on_a_mark_is_the_more_readable_of_dark_and_white(color: str) -> None:
    chosen = contrast(theme.writing_on(color), color)
    assert chosen >= 3
    assert chosen >= 0.9 * max(contrast(theme.TEXT, color), contrast("#FFFFFF", color))


@pytest.mark.parametrize(("scale", "background"), [(theme.SHARES, "#FFFFFF"), (theme.SHARES_ON_DARK, "#0F141B")])
def test_a_larger_share_stands_out_more(scale: tuple[tuple[float, str], ...], background: str) -> None:
    steps = [contrast(color, background) for _, color in scale]
    assert steps == sorted(steps)
    assert steps[-1] > 3


def test_ink_is_what_streamlit_gives_the_color_of_the_page() -> None:
    assert streamlit_plotly_theme.GRAY_90 == theme.INK


def test_no_errors_are_the_pale_gray_of_the_specification_on_white() -> None:
    red, green, blue, opacity = map(float, theme.NO_ERRORS[0].removeprefix("rgba(").removesuffix(")").split(","))
    on_white = [round(255 * (1 - opacity) + channel * opacity) for channel in (red, green, blue)]
    assert on_white == [0xE5, 0xE7, 0xEB]
