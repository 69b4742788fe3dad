"""The questions every metric is asked: windows, grains, zones, groupings and filters that make numbers go wrong."""

from collections.abc import Mapping

from metrics.catalog import METRICS
from metrics.catalog.model import kinds_of
from metrics.engine.query import Filter, Grain, Query, Window
from metrics.events import KINDS

BERLIN, KOLKATA, ST_JOHNS, LORD_HOWE = "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"


def _asked(
    start: str, end: str, grain: str = "none", tz: str = "UTC", by: str = "", filters: tuple[Filter, ...] = ()
) -> Query:
    window = Window(start=f"2026-{start}Z", end=f"2026-{end}Z")  # pyright: ignore[reportArgumentType]
    return Query(metrics=("requests",), window=window, grain=Grain(grain), tz=tz, by=tuple(by.split()), filters=filters)


def _in(dimension: str, *values: str | None) -> Filter:
    return Filter(dimension=dimension, values=values)


def _not_in(dimension: str, *values: str | None) -> Filter:
    return Filter(dimension=dimension, operator="not in", values=values)


def _contains(dimension: str, *values: str | None) -> Filter:
    return Filter(dimension=dimension, operator="contains", values=values)


QUESTIONS: Mapping[str, Query] = {
    "everything": _asked("03-26T00:00", "10-28T00:00"),
    "hours": _asked("03-28T00:00", "03-29T12:00", "1h"),
    "hours cut at both ends": _asked("03-28T10:20:30.5", "03-29T21:40:00.000001", "1h"),
    "no whole hour": _asked("03-28T10:20", "03-28T11:50"),
    "within an hour, by ten seconds": _asked("03-29T00:50", "03-29T00:59", "10s"),
    "minutes over a change of clocks": _asked("03-29T00:30", "03-29T01:30", "5m", BERLIN),
    "quarters of half-hour zones": _asked("03-28T20:07", "03-29T01:01", "15m", KOLKATA),
    "hours of a half-hour zone": _asked("03-28T02:00", "03-29T03:00", "1h", ST_JOHNS),
    "hours over a change of half an hour": _asked("04-04T09:10", "04-04T20:00", "1h", LORD_HOWE),
    "days over a change of half an hour": _asked("04-02T13:00", "04-06T13:30", "1d", LORD_HOWE),
    "days over the change to summer": _asked("03-27T23:00", "03-30T22:00", "1d", BERLIN),
    "days over the change to winter": _asked("10-23T22:00", "10-26T23:00", "1d", BERLIN),
    "days cut at both ends": _asked("03-27T07:30", "04-02T19:15:00.25", "1d", BERLIN),
    "days of a zone hours behind": _asked("03-27T00:00", "04-02T00:00", "1d", ST_JOHNS),
    "three hours over the change to summer": _asked("03-28T20:00", "03-29T09:00", "3h", BERLIN),
    "two hours over the change to winter": _asked("10-24T20:10", "10-25T06:00", "2h", BERLIN),
    "half days": _asked("03-26T00:00", "04-01T00:00", "12h", KOLKATA),
    "weeks": _asked("03-26T00:00", "04-06T00:00", "1w", BERLIN),
    "months with gaps": _asked("03-26T00:00", "10-28T00:00", "1mo", BERLIN),
    "days of utc": _asked("03-26T00:00", "04-06T00:00", "1d"),
    "before everything": _asked("01-01T00:00", "01-02T00:00", "6h"),
    "in the gap": _asked("06-01T00:00", "06-03T00:00", "1d"),
    "from the gap into events": _asked("10-21T12:00", "10-24T12:00", "6h"),
    "by region": _asked("03-26T00:00", "03-30T00:00", by="region"),
    "by region and day": _asked("03-27T23:00", "03-31T22:00", "1d", BERLIN, by="region"),
    "by environment and region": _asked("03-26T05:30", "03-30T00:00", by="environment region"),
    "by feature where the region is unknown": _asked(
        "03-26T00:00", "04-06T00:00", by="feature", filters=(_in("region", None, "eu"),)
    ),
    "but for one region": _asked("03-26T00:00", "04-06T00:00", "1d", filters=(_not_in("region", "eu"),)),
    "but for one region and the unknown": _asked(
        "03-26T00:00", "04-06T00:00", "1d", BERLIN, filters=(_not_in("region", "us", None),)
    ),
    "regions that contain": _asked("03-26T00:00", "04-06T00:00", by="region", filters=(_contains("region", "U"),)),
    "an attribute": _asked("03-26T00:00", "03-29T00:00", "1d", by="attributes.team"),
    "filtered by an attribute": _asked(
        "03-26T00:00", "03-30T00:00", by="region", filters=(_not_in("attributes.plan", "free"),)
    ),
    "by user": _asked("03-28T00:00", "03-29T00:00", by="user_id"),
    "by provider": _asked("03-26T00:00", "04-01T00:00", "1d", BERLIN, by="provider"),
    "of one provider": _asked("03-26T00:00", "04-06T00:00", "6h", filters=(_in("provider", "openai"),)),
    "by model of some providers": _asked(
        "03-26T12:00", "04-01T00:00", by="model", filters=(_in("provider", "openai", None),)
    ),
    "by endpoint": _asked("03-26T00:00", "03-29T00:00", "12h", by="endpoint"),
    "by endpoint and status": _asked("03-26T01:15", "03-29T00:00", by="endpoint status_code method"),
    "by cache hit": _asked("03-26T00:00", "03-29T00:00", by="cache_hit status"),
    "by component": _asked("03-28T22:00", "03-29T02:00", "30m", by="component"),
    "by host": _asked("03-27T00:00", "03-30T00:00", "6h", by="host"),
    "by page and device": _asked("03-27T10:00", "03-30T00:00", "1d", BERLIN, by="page device"),
    "of one page": _asked("03-26T00:00", "04-06T00:00", by="device", filters=(_in("page", "/chat"),)),
    "by prompt": _asked("03-26T00:00", "10-28T00:00", by="prompt_id"),
    "by pipeline": _asked("03-27T22:00", "03-31T22:00", "1d", BERLIN, by="pipeline_id"),
    "by vital": _asked("03-26T00:00", "03-30T00:00", "12h", by="name"),
    "by session": _asked("03-28T00:00", "03-29T12:00", by="session_id"),
    "by severity": _asked("03-26T00:00", "03-30T00:00", "1d", by="severity", filters=(_not_in("severity", "info"),)),
}


def answerable(metric: str, query: Query) -> bool:
    """Whether for each measure of the metric some kind of it knows all dimensions of the query."""
    used = {*query.by, *(item.dimension for item in query.filters)}

    def knows(kind: str) -> bool:
        return all(name.startswith("attributes.") or name in KINDS[kind].by_name for name in used)

    return all(any(knows(kind) for kind in kinds_of(measure)) for measure in METRICS[metric].measures)
