"""How long pages take where people look at them: measured in their browsers, kept by the day in a folder of the home.

No event, so that it is in no metric of the product that is watched; and nothing about who looked. A script of the pages
(`app/page.js`) and the Live page's client send it, the collector keeps it, and System health reads it.
"""

import contextlib
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.navigation import ENTRIES
from app.refusing import in_json

PATH = "/metrics/page-times"
LARGEST = 4096
"""Bytes of what a browser sends at once."""
KEPT_DAYS, MOST_A_DAY = 30, 20_000
"""What is kept: that many days, and lines of each."""
MOST_UPDATES = 60
Step = Literal["navigation", "kpis", "first_figure", "all_figures"]
STEPS: Sequence[Step] = get_args(Step)
"""What a page has shown: its title, its first tile, its first figure, and all that is in view, at rest."""
BOUNDS_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Of the histograms that Prometheus is told: both promises, 0.1 and 2 seconds, are among them."""
UPDATE = "update"
_PAGES = frozenset(entry.path.stem for entry in ENTRIES)
_FOLDER = "page-times"
_Milliseconds = Annotated[float, Field(ge=0, le=120_000, allow_inf_nan=False)]


class PageTime(BaseModel):
    """What one visit took, from the click or the address on, in milliseconds; a step that was not reached is None."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: str
    navigation: _Milliseconds | None = None
    kpis: _Milliseconds | None = None
    first_figure: _Milliseconds | None = None
    all_figures: _Milliseconds | None = None
    updates: tuple[_Milliseconds, ...] = Field(default=(), max_length=MOST_UPDATES)
    """From when the collector received an event until it was on the screen."""

    def measured(self) -> Iterator[tuple[str, float]]:
        """Each step that was reached, and each update, with its milliseconds."""
        for step in STEPS:
            if (milliseconds := getattr(self, step)) is not None:
                yield step, milliseconds
        for milliseconds in self.updates:
            yield UPDATE, milliseconds


class Histogram:
    """How many times were up to each of `BOUNDS_SECONDS`, and their sum."""

    def __init__(self) -> None:
        self.counts, self.sum, self.count = [0] * len(BOUNDS_SECONDS), 0.0, 0

    def add(self, seconds: float) -> None:
        """One more."""
        self.sum, self.count = self.sum + seconds, self.count + 1
        for place, bound in enumerate(BOUNDS_SECONDS):
            self.counts[place] += seconds <= bound


class PageTimes:
    """Keeps the times of a home, and counts them since it began. For one process."""

    def __init__(self, home: Path, now: Callable[[], datetime]) -> None:
        self._folder, self._now = home / _FOLDER, now
        self._lines: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._histograms: dict[tuple[str, str], Histogram] = defaultdict(Histogram)

    @property
    def histograms(self) -> Mapping[tuple[str, str], Histogram]:
        """By page and step."""
        return dict(self._histograms)

    def route(self) -> Route:
        """Where they are sent to."""

        async def receive(request: Request) -> Response:
            told = await body(request)
            try:
                time = PageTime.model_validate_json(told or b"")
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"])) or "the body"
                return in_json(400, f"{where}: {first['msg']}")
            if time.page not in _PAGES:
                return in_json(400, f"page: expected one of {', '.join(sorted(_PAGES))}")
            self.keep(time)
            return Response(status_code=204)

        return Route(PATH, receive, methods=["POST"])

    def keep(self, time: PageTime) -> None:
        """Count it and write it down; a day that is full, and a disk that is, lose it."""
        with self._lock:
            for step, milliseconds in time.measured():
                self._histograms[time.page, step].add(milliseconds / 1000)
            with contextlib.suppress(OSError):
                self._write(time)

    def _write(self, time: PageTime) -> None:
        now = self._now().astimezone(UTC)
        day = now.date().isoformat()
        file = self._folder / f"{day}.ndjson"
        if day not in self._lines:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._drop_before(now.date() - timedelta(days=KEPT_DAYS - 1))
            self._lines = Counter({day: file.read_bytes().count(b"\n") if file.exists() else 0})
        if self._lines[day] < MOST_A_DAY:
            with file.open("a", encoding="utf-8") as lines:
                lines.write(time.model_dump_json(exclude_defaults=True) + "\n")
            self._lines[day] += 1

    def _drop_before(self, first: date) -> None:
        for file in self._folder.glob("*.ndjson"):
            if file.stem < first.isoformat():
                file.unlink(missing_ok=True)


async def body(request: Request) -> bytes | None:
    """What was sent; None where it is more than `LARGEST`."""
    told = b""
    async for piece in request.stream():
        told += piece
        if len(told) > LARGEST:
            return None
    return told


def times(home: Path, first: date, last: date) -> list[PageTime]:
    """What was kept of some days, both included. A line that was cut off by the end of the process is left out."""
    found: list[PageTime] = []
    days = ((first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1))
    for day in days:
        try:
            lines = (home / _FOLDER / f"{day}.ndjson").read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            with contextlib.suppress(ValidationError):
                found.append(PageTime.model_validate_json(line))
    return found
