"""Time buckets of a window in a viewer's time zone, daylight-saving changes included.

A bucket has a whole-number *key*, computed from an event's `ts` by integer arithmetic (no calendar
function touches a row), and its true start and end, computed once a bucket from the time-zone data.
Buckets of up to one hour are stretches of real time; wider ones are stretches of the clock on the
wall, so that a day has 23, 24 or 25 hours and always begins at midnight.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from metrics.engine.query import Grain, Window

SECONDS: dict[Grain, int] = {
    Grain.SECONDS_5: 5,
    Grain.SECONDS_10: 10,
    Grain.SECONDS_30: 30,
    Grain.MINUTE: 60,
    Grain.MINUTES_5: 300,
    Grain.MINUTES_15: 900,
    Grain.MINUTES_30: 1800,
    Grain.HOUR: 3600,
    Grain.HOURS_2: 7200,
    Grain.HOURS_3: 10800,
    Grain.HOURS_6: 21600,
    Grain.HOURS_12: 43200,
    Grain.DAY: 86400,
    Grain.WEEK: 604800,
}
"""Width of every grain that has a fixed one on the wall clock."""

ALERTING = (Grain.SECONDS_5, Grain.SECONDS_30)
"""Grains that only alert rules ask for."""
MINUTE = 60
HOUR = 3600
DAY = 86400
MOST_POINTS = 400
HOURLY_FROM = timedelta(days=2)
"""Windows longer than this have buckets of at least an hour: rollups answer those."""
_EPOCH = datetime.fromisoformat("1970-01-01")
"""The wall clock, which has no zone."""
_MONDAY = 4 * DAY
"""1970-01-05, a Monday, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket, not cut by the window."""

    key: int
    start: datetime
    """UTC."""
    end: datetime
    """UTC."""


@dataclass(frozen=True, slots=True)
class Offset:
    """An offset from UTC and the moment until which it holds."""

    seconds: int
    until: datetime


def resolve(grain: Grain, window: Window) -> Grain:
    """`AUTO` becomes the finest grain with at most 400 points, of those that charts have; anything else stays."""
    if grain is not Grain.AUTO:
        return grain
    length = window.length.total_seconds()
    finest = HOUR if window.length > HOURLY_FROM else 0
    for candidate, seconds in SECONDS.items():
        if candidate not in ALERTING and seconds >= finest and length / seconds <= MOST_POINTS:
            return candidate
    return Grain.MONTH


def micros(moment: datetime) -> int:
    """Microseconds since 1970: what statements are told of days."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Buckets:
    """The buckets of `window`; one with key 0 for grain `NONE`."""

    window: Window
    grain: Grain
    """Resolved: never `AUTO`."""
    tz: str

    @cached_property
    def offsets(self) -> tuple[Offset, ...]:
        """The zone's offsets from before the first bucket to the window's end, in order."""
        return tuple(_offsets(ZoneInfo(self.tz), self.window.start - timedelta(days=32), self.window.end))

    @cached_property
    def all(self) -> tuple[Bucket, ...]:
        """Every bucket that the window touches, in order."""
        return _all(self)

    def cut(self) -> Iterator[Bucket]:
        """The same, made anew."""
        if self.grain is Grain.NONE:
            return iter((Bucket(0, self.window.start, self.window.end),))
        seconds = SECONDS.get(self.grain)
        short = seconds is not None and seconds <= HOUR
        return self._short(seconds) if seconds and short else self._wall()

    def key_sql(self, micros: str) -> str:
        """SQL for the key of the bucket in which a moment lies.

        `micros` is SQL for that moment in whole microseconds since the epoch.
        """
        if self.grain is Grain.NONE:
            return "0"
        moment = f"({micros}) // 1000000"
        offset = self._offset_sql(moment)
        wall = f"({moment} + {offset})"
        if self.grain is Grain.MONTH:
            return f"CAST(epoch(date_trunc('month', make_timestamp({wall} * 1000000))) AS BIGINT)"
        width = SECONDS[self.grain]
        if self.grain is Grain.WEEK:
            return f"({wall} - {_MONDAY}) // {width} * {width} + {_MONDAY}"
        floored = f"{wall} // {width} * {width}"
        return f"{floored} - {offset}" if width <= HOUR else floored

    def aligned_to(self, seconds: int) -> bool:
        """Whether every inner boundary lies on a multiple of `seconds` (60, 3600 or 86400) of UTC."""
        if self.grain is Grain.NONE:
            return True
        width = SECONDS.get(self.grain, DAY)
        return width % seconds == 0 and all(offset.seconds % seconds == 0 for offset in self.offsets)

    @cached_property
    def cut_days(self) -> frozenset[str] | None:
        """The UTC days (ISO dates) within which one bucket ends and another begins; None where that may be each."""
        if self.grain is Grain.NONE:
            return frozenset()
        if SECONDS.get(self.grain, DAY) < DAY:
            return None
        begun = (bucket.start for bucket in self.all)
        return frozenset(start.date().isoformat() for start in begun if start.timestamp() % DAY)

    def covered(self, bucket: Bucket) -> Window:
        """The part of the bucket that lies in the window."""
        return Window(start=max(bucket.start, self.window.start), end=min(bucket.end, self.window.end))

    def covered_seconds(self, bucket: Bucket) -> float:
        """Length of the part of the bucket that lies in the window."""
        return self.covered(bucket).length.total_seconds()

    def before(self, earlier: "Buckets") -> list[tuple[Bucket, Bucket]]:
        """Each bucket with its counterpart in the window of equal length just before: where its middle falls there."""
        ends = [bucket.end for bucket in earlier.all]
        pairs: list[tuple[Bucket, Bucket]] = []
        for bucket in self.all:
            covered = self.covered(bucket)
            middle = covered.start + covered.length / 2 - self.window.length
            pairs.append((bucket, earlier.all[min(bisect_right(ends, middle), len(ends) - 1)]))
        return pairs

    def _offset_sql(self, moment: str) -> str:
        *earlier, last = self.offsets
        if not earlier:
            return str(last.seconds)
        cases = " ".join(f"WHEN {moment} < {int(o.until.timestamp())} THEN {o.seconds}" for o in earlier)
        return f"CASE {cases} ELSE {last.seconds} END"

    def _offset_at(self, moment: datetime) -> int:
        return next((o.seconds for o in self.offsets if moment < o.until), self.offsets[-1].seconds)

    def _short(self, width: int) -> Iterator[Bucket]:
        moment = self.window.start
        while moment < self.window.end:
            key = self._short_key(moment, width)
            start = datetime.fromtimestamp(key, UTC)
            end = start + timedelta(seconds=width)
            for cut in self._shifts(start, end, width):
                start, end = (cut, end) if cut <= moment else (start, cut)
            yield Bucket(key, start, end)
            moment = end

    def _short_key(self, moment: datetime, width: int) -> int:
        offset = self._offset_at(moment)
        return (int(moment.timestamp()) + offset) // width * width - offset

    def _shifts(self, start: datetime, end: datetime, width: int) -> list[datetime]:
        """Moments inside a bucket from which on another one counts: a zone that changes by half an hour cuts hours."""
        return [
            offset.until
            for offset in self.offsets
            if start < offset.until < end
            and self._short_key(offset.until, width) != self._short_key(offset.until - timedelta(seconds=1), width)
        ]

    def _wall(self) -> Iterator[Bucket]:
        zone = ZoneInfo(self.tz)
        wall = self._floor(self.window.start.astimezone(zone).replace(tzinfo=None))
        while True:
            start, following = _utc(wall, zone), self._next(wall)
            if start >= self.window.end:
                return
            end = _utc(following, zone)
            if end > start:
                yield Bucket(int((wall - _EPOCH).total_seconds()), start, end)
            wall = following

    def _floor(self, wall: datetime) -> datetime:
        if self.grain is Grain.MONTH:
            return wall.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        width = SECONDS[self.grain]
        origin = _MONDAY if self.grain is Grain.WEEK else 0
        since = int((wall - _EPOCH) / timedelta(seconds=1)) - origin
        return _EPOCH + timedelta(seconds=since // width * width + origin)

    def _next(self, wall: datetime) -> datetime:
        if self.grain is Grain.MONTH:
            return (wall + timedelta(days=32)).replace(day=1)
        return wall + timedelta(seconds=SECONDS[self.grain])


def _utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the clock on the wall shows `wall`, or, where it skips that, anything later."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _transition(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment)


@lru_cache(maxsize=2)
def _all(buckets: Buckets) -> tuple[Bucket, ...]:
    """Questions that come together ask about the same buckets: of the hours of years there are a hundred thousand."""
    return tuple(buckets.cut())


def _offsets(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Offset]:
    moment = start
    while moment < end:
        offset = _offset(zone, moment)
        until = moment
        while until < end and _offset(zone, until) == offset:
            until += timedelta(days=1)
        if _offset(zone, until) != offset:
            until = _transition(zone, until - timedelta(days=1), until)
        yield Offset(int(offset.total_seconds()), until)
        moment = until


def _transition(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second between two moments at which the offset is no longer that of `before`."""
    offset = _offset(zone, before)
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
