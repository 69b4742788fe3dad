"""Journeys and funnels are what one finds by following each session by hand."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine, Filter, Funnel, FunnelStep, Journeys, Window
from metrics.engine.questions import journeys
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.stored import store

WINDOW = Window(start=datetime(2026, 3, 26, tzinfo=UTC), end=datetime(2026, 10, 28, tzinfo=UTC))
CUT = Window(start=datetime(2026, 3, 27, 10, 30, tzinfo=UTC), end=datetime(2026, 4, 2, 7, tzinfo=UTC))
EU = Filter(dimension="region", values=("eu",))
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ASKED = {
    "plain": Journeys(window=WINDOW),
    "cut": Journeys(window=CUT, steps=3),
    "filtered": Journeys(window=WINDOW, filters=(EU,)),
    "from a page": Journeys(window=WINDOW, start="/chat", steps=4),
    "to a page": Journeys(window=WINDOW, end="/prompts", steps=3),
    "from a page to another": Journeys(window=WINDOW, start="/", end="/chat"),
    "only what many do": Journeys(window=WINDOW, minimum_share=20),
}

View = tuple[str, datetime, str]
"""Person, moment and page."""


def followed(events: pl.DataFrame, window: Window, filters: Iterable[Filter] = ()) -> list[list[View]]:
    """The journeys of a window, one by one."""
    sessions: dict[object, list[View]] = defaultdict(list)
    last_loose: dict[str, tuple[datetime, int]] = {}
    for row in events.sort("ts", maintain_order=True).iter_rows(named=True):
        user, session, page, action = row["user_id"], row["session_id"], row["page"], row["action"]
        if not window.start <= row["ts"] < window.end or any(row[f.dimension] not in f.values for f in filters):
            continue
        if session is None:
            if user is None:
                continue
            before, number = last_loose.get(user, (row["ts"], 0))
            number += row["ts"] - before > timedelta(minutes=30)
            last_loose[user] = row["ts"], number
            session = (user, number)
        if page is not None and action in ("page_view", None):
            sessions[session].append((f"user {user}" if user is not None else f"session {session}", row["ts"], page))
    return [journey for views in sessions.values() for journey in _split(sorted(views, key=lambda v: v[1]))]


def _split(views: list[View]) -> Iterable[list[View]]:
    journey: list[View] = []
    begun = last = views[0][1] if views else NOON
    for view in views:
        gap, length = view[1] - last > timedelta(minutes=30), view[1] - begun
        if gap or length >= timedelta(days=1):
            yield journey
            journey, begun = [], view[1]
        last = view[1]
        if not journey or journey[-1][2] != view[2]:
            journey.append(view)
    yield journey


def expected(events: pl.DataFrame, asked: Journeys) -> dict[tuple[int, str, str | None], tuple[int, int, float]]:
    """Users, transitions and share of each link."""
    persons: dict[tuple[int, str, str | None], set[str]] = defaultdict(set)
    there: dict[tuple[int, str], set[str]] = defaultdict(set)
    times: Counter[tuple[int, str, str | None]] = Counter()
    everybody: set[str] = set()
    for journey in followed(events, asked.window, asked.filters):
        pages = [page for _, _, page in journey]
        if asked.start is not None:
            journey = journey[pages.index(asked.start) :] if asked.start in pages else []
            pages = [page for _, _, page in journey]
        if asked.end is not None:
            journey = journey[: pages.index(asked.end) + 1] if asked.end in pages else []
        shift = asked.steps - len(journey) if asked.end is not None and asked.start is None else 0
        for place, (person, _, page) in enumerate(journey, start=shift):
            if not 0 <= place < asked.steps:
                continue
            everybody.add(person)
            follows = place - shift + 1 < len(journey)
            target = journey[place - shift + 1][2] if follows else None
            if place >= asked.steps - 1 or (target is None and asked.end is not None):
                continue
            persons[place, page, target].add(person)
            there[place, page].add(person)
            times[place, page, target] += 1
    links = {
        link: (len(who), times[link], 100 * len(who) / len(there[link[0], link[1]])) for link, who in persons.items()
    }
    return {link: found for link, found in links.items() if found[0] >= asked.minimum_share / 100 * len(everybody)}


@pytest.mark.parametrize("question", ASKED)
def test_links_are_those_of_the_sessions_followed_one_by_one(
    question: str, engine: Engine, world_events: Events
) -> None:
    got = engine.answer(ASKED[question]).links
    wanted = expected(world_events["interaction"], ASKED[question])
    assert wanted
    found = {(r["step"], r["source"], r["target"]): (r["users"], r["transitions"], r["share"]) for r in got.to_dicts()}
    assert found == {link: pytest.approx(value) for link, value in wanted.items()}


def test_of_more_views_than_fit_every_so_many_th_session_is_taken_and_said(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.answer(ASKED["plain"])
    monkeypatch.setattr(journeys, "MOST_VIEWS", 500)
    part = engine.answer(ASKED["plain"])
    assert whole.one_in == 1 < part.one_in
    assert part.journeys == pytest.approx(whole.journeys, rel=0.4)


def test_a_journey_does_not_return_to_the_page_it_is_on(tmp_path: Path) -> None:
    pages = ["/", "/", "/chat", "/chat", "/"]
    visited(tmp_path, [("ada", minute, page) for minute, page in enumerate(pages)])
    links = Engine(Settings(home=tmp_path)).answer(Journeys(window=hours(2))).links
    assert [(r["step"], r["source"], r["target"]) for r in links.to_dicts()] == [
        (0, "/", "/chat"),
        (1, "/chat", "/"),
        (2, "/", None),
    ]


def test_a_journey_that_never_pauses_ends_after_a_day(tmp_path: Path) -> None:
    visited(tmp_path, [("ada", 20 * n, f"/{n % 2}") for n in range(100)])
    assert Engine(Settings(home=tmp_path)).answer(Journeys(window=hours(48))).journeys == 2


def test_nobody_there_is_an_empty_answer(tmp_path: Path) -> None:
    visited(tmp_path, [("ada", 0, "/")])
    engine, elsewhere = Engine(Settings(home=tmp_path)), Window(start=NOON - timedelta(days=9), end=NOON)
    steps = (FunnelStep(page="/"), FunnelStep(page="/chat"))
    assert engine.answer(Journeys(window=elsewhere)).links.is_empty()
    assert engine.answer(Funnel(window=elsewhere, steps=steps))["users"].to_list() == [0, 0]


def test_funnel_counts_who_gets_to_each_step_after_the_one_before(tmp_path: Path) -> None:
    visited(
        tmp_path,
        [
            ("ada", 0, "/"), ("ada", 3, "/chat"), ("ada", 5, "/pay"),
            ("bob", 0, "/chat"), ("bob", 1, "/"), ("bob", 2, "/pay"),
            ("eve", 0, "/pay"), ("eve", 1, "/"), ("eve", 8, "/chat"),
        ],
    )  # fmt: skip
    steps = tuple(FunnelStep(page=page) for page in ("/", "/chat", "/pay"))
    frame = Engine(Settings(home=tmp_path)).answer(Funnel(window=hours(2), steps=steps))
    assert frame["users"].to_list() == [3, 2, 1]
    assert frame["conversion"].to_list() == [None, pytest.approx(200 / 3), 50]
    assert frame["overall"].to_list() == [100, pytest.approx(200 / 3), pytest.approx(100 / 3)]
    assert frame["median_seconds"].to_list() == [None, 300, 120]


def test_funnel_steps_may_be_actions(engine: Engine, world_events: Events) -> None:
    steps = (FunnelStep(page="/chat"), FunnelStep(page="/chat", action="submit"))
    frame = engine.answer(Funnel(window=WINDOW, steps=steps))
    first: dict[str, datetime] = {}
    done: set[str] = set()
    for row in world_events["interaction"].sort("ts", maintain_order=True).iter_rows(named=True):
        person = row["user_id"] if row["user_id"] is not None else row["session_id"] and f"s{row['session_id']}"
        if person is None or row["page"] != "/chat" or not WINDOW.start <= row["ts"] < WINDOW.end:
            continue
        if row["action"] == "submit" and person in first and row["ts"] > first[person]:
            done.add(person)
        if row["action"] in ("page_view", None):
            first.setdefault(person, row["ts"])
    assert frame["users"].to_list() == [len(first), len(done)]
    assert frame["step"].to_list() == ["/chat", "/chat: submit"]


def visited(home: Path, views: list[tuple[str, float, str]]) -> None:
    """Store views of pages: user, minute after noon, page."""
    rows = [
        {"ts": NOON + timedelta(minutes=minute), "user_id": user, "page": page, "event_id": f"{user}{minute}"}
        for user, minute, page in views
    ]
    store(home, "interaction", pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")}))


def hours(count: float) -> Window:
    return Window(start=NOON, end=NOON + timedelta(hours=count))
