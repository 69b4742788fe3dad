"""The picture of an alert, as text and as PNG."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from alerts.telling import Message
from alerts.telling.channels.chart import BARS, MARK, described, png, sparkline
from alerts.telling.message import Picture
from tests.alerts.saying import HOSTILE, NOON, VALUES, message


def pictured(*values: float | None, threshold: float | None = None, unit: str = "", breach: int = 2) -> Message:
    """A value a minute until noon, of which the last `breach` are of the breach."""
    start = NOON - timedelta(minutes=len(values))
    picture = Picture(start=start, step_seconds=60, values=values, threshold=threshold, unit=unit)
    return message(since=NOON - timedelta(minutes=breach), picture=picture)


def drawn(said: Message) -> Image.Image:
    """The PNG, decoded."""
    data = png(said)
    assert data is not None
    return Image.open(BytesIO(data)).convert("RGB")


def colors(image: Image.Image, left: int, right: int) -> set[tuple[int, ...]]:
    """The colors of a part of its width."""
    found = image.crop((left, 40, right, 370)).getcolors(1 << 24)
    assert found is not None
    return {color for _, color in found if isinstance(color, tuple)}


def reddish(found: set[tuple[int, ...]]) -> bool:
    return any(color[0] > 200 and color[1] < 80 for color in found)


def test_the_line_of_text_has_a_bar_a_value_and_a_mark_under_the_breach() -> None:
    assert sparkline(pictured(0, 1, None, 7, 8, threshold=4, unit="%")).splitlines() == [
        "▁▂ ██  0 – 8 %, threshold 4 % = ▅",
        f"   {MARK * 2}",
    ]


def test_of_a_long_series_every_peak_is_seen() -> None:
    values = [1.0] * 5000
    values[1234] = 9.0
    bars = sparkline(pictured(*values)).splitlines()[0].split("  ")[0]
    assert len(bars) <= 60
    assert bars.count(BARS[-1]) == 1


def test_what_moves_near_its_top_is_not_drawn_flat() -> None:
    bars = sparkline(pictured(99.95, 99.95, 99.0, threshold=99.5)).splitlines()[0][:3]
    assert (bars[0], bars[2]) == (BARS[7], BARS[0])


@pytest.mark.parametrize("values", [(), (None,), (None, None), (float("nan"), float("inf"), 1e308)])
def test_without_values_there_is_no_line(values: tuple[float | None, ...]) -> None:
    assert sparkline(pictured(*values)) == ""
    assert described(pictured(*values)) == "No values"


def test_the_breach_is_red_and_shaded_and_the_time_before_is_neither() -> None:
    image = drawn(message(picture=Picture(start=NOON - timedelta(hours=1), step_seconds=60, values=VALUES)))
    before, during = colors(image, 140, 900), colors(image, 1040, 1240)
    assert not reddish(before)
    assert reddish(during)
    assert (255, 255, 255) in before
    assert (255, 255, 255) not in during


def test_the_threshold_is_dashed() -> None:
    image = drawn(pictured(1, 2, 3, 4, threshold=2.5, breach=0))
    lines = [[image.getpixel((column, row)) for column in range(700, 1200)] for row in range(40, 370)]
    dashed = [line for line in lines if 100 < sum(reddish({pixel}) for pixel in line if isinstance(pixel, tuple)) < 400]
    assert 2 <= len(dashed) <= 5


@pytest.mark.parametrize(
    "values", [(3.0,), (None, 2.0, None), (None,), (-3.0, -2.0), (0.0, 0.0), (1e-9, 1e300), (5.0,) * 3000]
)
def test_any_series_can_be_drawn(values: tuple[float | None, ...]) -> None:
    assert drawn(pictured(*values, threshold=1e308)).size == (1280, 440)


@pytest.mark.parametrize("text", HOSTILE)
def test_any_unit_can_be_written(text: str) -> None:
    drawn(pictured(1, 2, threshold=1.5, unit=text))


def test_a_picture_is_small_enough_for_a_mail() -> None:
    data = png(message())
    assert data is not None and len(data) < 20_000


def test_without_a_picture_nothing_is_drawn() -> None:
    assert png(message(picture=None)) is None
    assert sparkline(message(picture=None)) == ""


def test_those_who_cannot_see_it_are_told_what_it_shows() -> None:
    assert described(message()) == "Error rate between 0.4 and 8.4 %, threshold 5 %"
