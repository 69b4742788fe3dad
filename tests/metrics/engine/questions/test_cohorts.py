"""The retention triangle is what one finds by looking at each user's days."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from metrics.engine import Engine, Filter, Query, Retention, Window
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.stored import store

SPRING = Window(start=datetime(2026, 3, 26, tzinfo=UTC), end=datetime(2026, 4, 14, 5, tzinfo=UTC))
LATER = Window(start=datetime(2026, 3, 27, 12, tzinfo=UTC), end=datetime(2026, 4, 4, tzinfo=UTC))
ASKED = {
    "days": Retention(window=SPRING),
    "days of Berlin": Retention(window=SPRING, tz="Europe/Berlin", most=5),
    "days of a half-hour zone": Retention(window=SPRING, tz="Asia/Kolkata", most=4),
    "weeks": Retention(window=SPRING, unit="week", tz="Europe/Berlin"),
    "those that begin later": Retention(window=LATER, most=3),
    "of one region": Retention(window=SPRING, filters=(Filter(dimension="region", values=("us",)),), most=6),
}


@pytest.fixture(scope="module")
def visits() -> Events:
    """Requests and interactions of users who come at different times and stay for some days."""
    generator = np.random.default_rng(7)
    made: dict[str, pl.DataFrame] = {}
    for kind, hours in (("request", 1), ("interaction", 24)):
        rows = [
            {"ts": SPRING.start + timedelta(hours=float(hour)), "user_id": f"u{user}", "region": ["eu", "us"][user % 2],
             "event_id": f"{kind}-{user}-{hour}"}
            for user in range(90)
            for hour in generator.uniform(2.5 * user + hours, 2.5 * user + 24 * 12, 8)
        ]  # fmt: skip
        made[kind] = pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")})
    return made


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, visits: Events) -> Engine:
    home: Path = tmp_path_factory.mktemp("visits")
    for kind, events in visits.items():
        store(home, kind, events)
    return Engine(Settings(home=home))


def expected(events: Events, asked: Retention) -> dict[tuple[datetime, int], tuple[int, float | None]]:
    zone, width = ZoneInfo(asked.tz), 7 if asked.unit == "week" else 1
    spans: dict[str, set[date]] = defaultdict(set)
    for of_kind in events.values():
        for row in of_kind.iter_rows(named=True):
            kept = all(row[one.dimension] in one.values for one in asked.filters)
            if row["user_id"] is not None and row["ts"] < asked.window.end and kept:
                day = row["ts"].astimezone(zone).date()
                spans[row["user_id"]].add(day - timedelta(days=day.weekday() if width == 7 else 0))
    firsts: dict[date, list[str]] = defaultdict(list)
    for user, there in spans.items():
        firsts[min(there)].append(user)
    found: dict[tuple[datetime, int], tuple[int, float | None]] = {}
    for first, users in firsts.items():
        begin = _midnight(first, zone)
        for age in range(asked.most + 1):
            later = first + timedelta(days=age * width)
            if begin < asked.window.start or _midnight(later, zone) >= asked.window.end:
                continue
            over = _midnight(later + timedelta(days=width), zone) <= asked.window.end
            back = sum(later in spans[user] for user in users)
            found[begin, age] = len(users), 100 * back / len(users) if over else None
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize("question", ASKED)
def test_shares_are_those_of_the_users_followed_one_by_one(question: str, engine: Engine, visits: Events) -> None:
    got = engine.answer(ASKED[question])
    wanted = expected(visits, ASKED[question])
    assert len(wanted) > 2
    found = {(row["cohort"], row["age"]): (row["size"], row["share"]) for row in got.iter_rows(named=True)}
    assert found == {key: (size, pytest.approx(share)) for key, (size, share) in wanted.items()}
    assert all(row["share"] == 100 for row in got.iter_rows(named=True) if row["age"] == 0 and row["share"] is not None)


def test_pooled_retention_is_that_of_the_cohorts_together(engine: Engine) -> None:
    triangle = engine.answer(Retention(window=SPRING)).filter(pl.col("share").is_not_null())
    pooled = engine.answer(Query(metrics=("retention_d1", "retention_d7"), window=SPRING)).frame.row(0, named=True)
    for age in (1, 7):
        aged = triangle.filter(pl.col("age") == age)
        returned, users = (float(sum(column)) for column in (aged["share"] * aged["size"] / 100, aged["size"]))
        assert 0 < pooled[f"retention_d{age}"] < 100
        assert pooled[f"retention_d{age}"] == pytest.approx(100 * returned / users)
