"""What becomes of the users of a feature is what one finds by looking at each user's days."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from metrics.engine import Engine, FeatureUse, Filter, Query, Window
from metrics.engine.proportions import newcombe, wilson
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.stored import store

START = datetime(2026, 3, 10, tzinfo=UTC)
MONTH = Window(start=START, end=START + timedelta(days=28, hours=5))
ASKED = {
    "a month": FeatureUse(window=MONTH),
    "a month of Berlin": FeatureUse(window=MONTH, tz="Europe/Berlin"),
    "a month of a half-hour zone": FeatureUse(window=MONTH, tz="Asia/Kolkata"),
    "cut within a day": FeatureUse(window=Window(start=START + timedelta(days=2, hours=7, minutes=20), end=MONTH.end)),
    "of one region": FeatureUse(window=MONTH, filters=(Filter(dimension="region", values=("us",)),)),
    "of one feature": FeatureUse(window=MONTH, filters=(Filter(dimension="feature", values=("chat",)),)),
    "too short for anybody": FeatureUse(window=Window(start=START, end=START + timedelta(days=5))),
}


@pytest.fixture(scope="module")
def uses() -> Events:
    """Requests with features, and web vitals, which have none: they tell of users, not of features."""
    generator = np.random.default_rng(5)
    made: dict[str, pl.DataFrame] = {}
    for kind, features in (("request", ("chat", "search", None)), ("web_vital", (None,))):
        rows = [
            {"ts": START + timedelta(hours=float(hour)), "user_id": f"u{user}" if user else None,
             "event_id": f"{kind}-{user}-{hour}", "region": ("eu", "us")[user % 2],
             "feature": features[int(generator.integers(len(features)))]}
            for user in range(80)
            for hour in generator.uniform(3 * user, 3 * user + 24 * 20, int(generator.integers(1, 6)))
        ]  # fmt: skip
        schema = {"ts": pl.Datetime("us", "UTC"), "feature": pl.String}
        made[kind] = pl.DataFrame(rows, schema_overrides=schema)
    return made


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, uses: Events) -> Engine:
    home: Path = tmp_path_factory.mktemp("features")
    for kind, events in uses.items():
        store(home, kind, events.drop("feature") if kind == "web_vital" else events)
    return Engine(Settings(home=home))


def expected(events: Events, asked: FeatureUse) -> dict[str, tuple[object, ...]]:
    zone, end = ZoneInfo(asked.tz), asked.window.end
    there: dict[str, set[date]] = {}
    used: dict[str, dict[str, set[date]]] = {}
    kept = {one.dimension: one.values for one in asked.filters}
    regions, features = (kept.get(name) for name in ("region", "feature"))
    for row in pl.concat(events.values(), how="diagonal").iter_rows(named=True):
        user = row["user_id"]
        if user is None or not asked.window.start <= row["ts"] < end or (regions and row["region"] not in regions):
            continue
        day = row["ts"].astimezone(zone).date()
        there.setdefault(user, set()).add(day)
        if row["feature"] is not None and row["feature"] in (features or (row["feature"],)):
            used.setdefault(row["feature"], {}).setdefault(user, set()).add(day)

    def is_over(day: date, age: int) -> bool:
        after = day + timedelta(days=age + 1)
        return datetime(after.year, after.month, after.day, tzinfo=zone) <= end

    def later(days: set[date], first: int, last: int) -> bool:
        return any(first <= (day - min(days)).days <= last for day in days)

    found: dict[str, tuple[object, ...]] = {}
    for feature, days in used.items():
        repeat = [later(of, 1, 7) for of in days.values() if is_over(min(of), 7)]
        groups: dict[bool, list[bool]] = {True: [], False: []}
        for user, of in there.items():
            if is_over(min(of), 14):
                early = user in days and (min(days[user]) - min(of)).days <= 6
                groups[early].append(later(of, 7, 14))
        shares = [100 * sum(one) / len(one) if one else None for one in (repeat, groups[True], groups[False])]
        found[feature] = (
            len(days), len(there), len(repeat), shares[0], len(groups[True]), shares[1], len(groups[False]), shares[2],
        )  # fmt: skip
    return found


@pytest.mark.parametrize("question", ASKED)
def test_counts_are_those_of_the_users_followed_one_by_one(question: str, engine: Engine, uses: Events) -> None:
    got, wanted = engine.answer(ASKED[question]), expected(uses, ASKED[question])
    columns = (
        "users", "active", "repeat_of", "repeat", "with_of", "retention_with", "without_of", "retention_without",
    )  # fmt: skip
    assert wanted
    found = {row["feature"]: tuple(row[name] for name in columns) for row in got.iter_rows(named=True)}
    assert found == {name: pytest.approx(values) for name, values in wanted.items()}


def test_adoption_is_that_of_the_catalog(engine: Engine) -> None:
    got = engine.answer(FeatureUse(window=MONTH))
    catalog = engine.answer(Query(metrics=("feature_adoption",), by=("feature",), window=MONTH)).frame
    adopted = dict(catalog.drop_nulls("feature").select("feature", "feature_adoption").iter_rows())
    assert dict(got.select("feature", "adoption").iter_rows()) == pytest.approx(adopted)


def test_nobody_whose_days_are_over_is_no_share(engine: Engine) -> None:
    got = engine.answer(ASKED["too short for anybody"])
    assert got.height
    nulls = got.select("repeat", "retention_with", "retention_without", "difference", "difference_low")
    assert all(column.null_count() == got.height for column in nulls)


def test_the_interval_of_a_difference_is_newcombes(engine: Engine) -> None:
    # Newcombe 1998, table II, method 10: (a) 56/70 - 48/80, (d) 9/10 - 3/10, (g) 10/10 - 0/20
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert newcombe(10, 10, 0, 20) == pytest.approx((0.6791, 1.0), abs=5e-5)
    assert wilson(0, 20)[0] == 0
    row = engine.answer(FeatureUse(window=MONTH)).row(0, named=True)
    low, high = newcombe(
        round(row["retention_with"] * row["with_of"] / 100), row["with_of"],
        round(row["retention_without"] * row["without_of"] / 100), row["without_of"],
    )  # fmt: skip
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((100 * low, 100 * high))
    assert row["difference"] == pytest.approx(row["retention_with"] - row["retention_without"])
