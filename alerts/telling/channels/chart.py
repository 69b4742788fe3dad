"""The series of an alert as a picture: a line of block characters, or a PNG."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from math import floor, isfinite, log10
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from alerts.telling.channels.one_line import one_line
from alerts.telling.message import Message, Picture

BARS = "▁▂▃▄▅▆▇█"
MARK = "▔"
_WIDTH, _HEIGHT = 1280, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 130, 30, 34, 62
_INK, _AXIS, _GRID, _LINE, _ALARM, _SHADE = "#374151", "#6B7280", "#E5E7EB", "#2563EB", "#DC2626", "#FEE2E2"
_LARGEST = 1e300
"""Larger values are left out: the difference of two might not be a number."""


def sparkline(message: Message, width: int = 60) -> str:
    """Two lines of text in a fixed-width font: the series, and a mark under the part since the breach began.

    Behind it stand the least and the greatest value and the bar that the threshold would be. Empty without a value.
    """
    picture = message.picture
    if picture is None or not (known := _known(picture.values)):
        return ""
    bins = _bins(picture, message, width)
    scale = _scale(picture)
    bars = "".join(" " if bin_.value is None else _bar(bin_.value, scale) for bin_ in bins)
    marks = "".join(MARK if bin_.firing else " " for bin_ in bins).rstrip()
    unit = _unit(picture)
    span = f"{_number(min(known))} – {_number(max(known))}{unit}"
    limit = "" if picture.threshold is None else f", threshold {_number(picture.threshold)}{unit} = "
    threshold = "" if picture.threshold is None else _bar(picture.threshold, scale)
    return f"{bars}  {span}{limit}{threshold}" + (f"\n{marks}" if marks else "")


def png(message: Message) -> bytes | None:
    """The series with axes, the threshold dashed and the part since the breach began shaded; None without a picture."""
    picture = message.picture
    if picture is None or not picture.values:
        return None
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    _shade(draw, picture, message)
    _value_axis(draw, picture, one_line(_title(message), 80))
    _time_axis(draw, picture)
    _threshold(draw, picture)
    _series(draw, picture, message)
    written = BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def described(message: Message) -> str:
    """What the picture shows, for those who cannot see it."""
    picture = message.picture
    if picture is None or not (known := _known(picture.values)):
        return "No values"
    unit = _unit(picture)
    limit = "" if picture.threshold is None else f", threshold {_number(picture.threshold)}{unit}"
    title = message.metric_title or message.metric or "Values"
    return f"{one_line(title, 80)} between {_number(min(known))} and {_number(max(known))}{unit}{limit}"


def _title(message: Message) -> str:
    unit = _unit(message.picture) if message.picture else ""
    return f"{message.metric_title or message.metric}{f' ({unit.strip()})' if unit else ''}".strip()


def _unit(picture: Picture) -> str:
    """With the space before it; not so long that it covers the picture."""
    unit = one_line(picture.unit, 20)
    return f" {unit}" if unit else ""


class _Bin(NamedTuple):
    value: float | None
    firing: bool


class _Scale(NamedTuple):
    low: float
    high: float

    def part(self, value: float) -> float:
        """0 at the low end, 1 at the high one."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def _usable(value: float | None) -> bool:
    return value is not None and isfinite(value) and abs(value) <= _LARGEST


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and _usable(value)]


def _scale(picture: Picture) -> _Scale:
    """From the least to the greatest of values and threshold; from 0 unless that would flatten what changes."""
    shown = _known((*picture.values, picture.threshold)) or [0.0]
    low, high = min(shown), max(shown)
    if low >= 0 and (high == low or high - low > high / 4):
        return _Scale(0.0, high or 1.0)
    margin = (high - low) / 10 or 1.0
    return _Scale(low - margin, high + margin)


def _firing(picture: Picture, message: Message, index: int) -> bool:
    """Whether a value lies in the time of the breach."""
    begins = picture.start + timedelta(seconds=picture.step_seconds * index)
    ends = begins + timedelta(seconds=picture.step_seconds)
    return ends > message.since and begins < (message.ended_at or message.at)


def _bins(picture: Picture, message: Message, width: int) -> list[_Bin]:
    """At most `width` of them: of several values the one farthest from the middle of all, so that no peak is lost."""
    size = -(-len(picture.values) // width)
    known = sorted(_known(picture.values))
    middle = known[len(known) // 2]
    bins: list[_Bin] = []
    for first in range(0, len(picture.values), size):
        indices = range(first, min(first + size, len(picture.values)))
        values = _known([picture.values[index] for index in indices])
        bins.append(
            _Bin(
                max(values, key=lambda value: abs(value - middle)) if values else None,
                any(_firing(picture, message, index) for index in indices),
            )
        )
    return bins


def _bar(value: float, scale: _Scale) -> str:
    return BARS[min(int(scale.part(value) * len(BARS)), len(BARS) - 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def _x(picture: Picture, index: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (index + 0.5) / len(picture.values)


def _y(scale: _Scale, value: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * scale.part(value)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(24)


def _shade(draw: ImageDraw.ImageDraw, picture: Picture, message: Message) -> None:
    half = (_x(picture, 1) - _x(picture, 0)) / 2
    firing = [index for index in range(len(picture.values)) if _firing(picture, message, index)]
    if firing:
        box = (_x(picture, firing[0]) - half, _TOP, _x(picture, firing[-1]) + half, _HEIGHT - _BOTTOM)
        draw.rectangle(box, fill=_SHADE)


def _value_axis(draw: ImageDraw.ImageDraw, picture: Picture, title: str) -> None:
    scale = _scale(picture)
    for tick in _ticks(scale):
        height = _y(scale, tick)
        draw.line((_LEFT, height, _WIDTH - _RIGHT, height), fill=_GRID, width=2)
        draw.text((_LEFT - 12, height), _number(tick), fill=_AXIS, font=_font(), anchor="rm")
    if title:
        draw.text((_LEFT, 2), title, fill=_INK, font=_font(), anchor="la")


def _ticks(scale: _Scale) -> list[float]:
    """Four to seven round numbers."""
    rough = (scale.high - scale.low) / 5
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = floor(scale.low / step)
    ticks = [step * count for count in range(first, first + 9)]
    return [tick for tick in ticks if scale.low <= tick <= scale.high]


def _time_axis(draw: ImageDraw.ImageDraw, picture: Picture) -> None:
    count = len(picture.values)
    length = timedelta(seconds=picture.step_seconds * count)
    form = "%H:%M" if length <= timedelta(days=1) else "%m-%d %H:%M"
    draw.line((_LEFT, _HEIGHT - _BOTTOM, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM), fill=_AXIS, width=2)
    places = ((0, "la"), (count // 2, "ma"), (count - 1, "ra")) if count > 2 else ((count - 1, "ma"),)
    for index, anchor in places:
        label = _label(picture, index, form) + (" UTC" if index == count - 1 else "")
        draw.text((_x(picture, index), _HEIGHT - _BOTTOM + 14), label, fill=_AXIS, font=_font(), anchor=anchor)


def _label(picture: Picture, index: int, form: str) -> str:
    at: datetime = picture.start + timedelta(seconds=picture.step_seconds * index)
    return at.astimezone(UTC).strftime(form)


def _threshold(draw: ImageDraw.ImageDraw, picture: Picture) -> None:
    if picture.threshold is None or not _usable(picture.threshold):
        return
    height = _y(_scale(picture), picture.threshold)
    for left in range(_LEFT, _WIDTH - _RIGHT, 24):
        draw.line((left, height, min(left + 14, _WIDTH - _RIGHT), height), fill=_ALARM, width=3)
    unit = _unit(picture)
    text = f"threshold {_number(picture.threshold)}{unit}"
    draw.text((_LEFT + 8, height - 6), text, fill=_ALARM, font=_font(), anchor="ld")


def _series(draw: ImageDraw.ImageDraw, picture: Picture, message: Message) -> None:
    """Lines between neighbors that both have a value; a value between two gaps is a dot."""
    scale = _scale(picture)
    points = [
        (_x(picture, index), _y(scale, value)) if value is not None and _usable(value) else None
        for index, value in enumerate(picture.values)
    ]
    for index, point in enumerate(points):
        if point is None:
            continue
        color = _ALARM if _firing(picture, message, index) else _LINE
        before = points[index - 1] if index else None
        if before is not None:
            draw.line((*before, *point), fill=color, width=4)
        after = points[index + 1] if index + 1 < len(points) else None
        if before is None and after is None:
            draw.ellipse((point[0] - 4, point[1] - 4, point[0] + 4, point[1] + 4), fill=color)
