"""A visit is what a session of a user did on a day, whichever files it comes from."""

from datetime import UTC, datetime, timedelta

import polars as pl

from metrics.lake import rollups
from tests.metrics.engine.stored import complete

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Did = tuple[str | None, str | None, float, str | None, str | None]


def visits(*did: Did) -> pl.DataFrame:
    """Visits of what was done: session, user, minute after noon, page, action."""
    rows = [
        {"session_id": session, "user_id": user, "ts": NOON + timedelta(minutes=minute), "page": page,
         "action": action, "event_id": f"{session}{user}{minute}{page}{action}"}
        for session, user, minute, page, action in did
    ]  # fmt: skip
    events = complete("interaction", pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")}))
    return rollups.partials("interaction", events)["interaction_visits"]


def the(rows: pl.DataFrame) -> dict[str, object]:
    assert rows.height == 1
    return rows.row(0, named=True)


def test_a_visit_counts_views_and_keeps_them_in_order() -> None:
    visit = the(
        visits(
            ("s", "ada", 9, "/pay", None), ("s", "ada", 0, "/", "page_view"), ("s", "ada", 1, "/chat", "page_view"),
            ("s", "ada", 2, "/chat", "click"), ("s", "ada", 3, "/chat", "page_view"), ("s", "ada", 11, None, None),
            ("s", "ada", 4, None, "page_view"),
        )
    )  # fmt: skip
    assert (visit["events"], visit["views"], visit["pages"], visit["journeys"]) == (7, 5, 3, 1)
    assert visit["viewed"] == ["/", "/chat", "/chat", "/pay"]
    assert visit["path"] == "/\x1f/chat\x1f/pay"
    assert (visit["first_ts"], visit["last_ts"]) == (NOON, NOON + timedelta(minutes=11))


def test_half_an_hour_without_a_view_ends_a_journey_and_one_of_several_has_no_path() -> None:
    views = [("s", "ada", minute, page, "page_view") for minute, page in ((0, "/"), (30, "/chat"), (60.001, "/chat"))]
    assert the(visits(*views[:2]))["path"] == "/\x1f/chat"
    both = the(visits(*views))
    assert (both["journeys"], both["path"], both["pages"]) == (2, None, 2)


def test_a_page_that_would_be_taken_for_two_gives_no_path() -> None:
    visit = the(visits(("s", "ada", 0, "/a\x1f/b", None), ("s", "ada", 1, "/", None)))
    assert (visit["journeys"], visit["path"]) == (1, None)


def test_days_sessions_and_users_are_told_apart_also_where_they_are_unknown() -> None:
    did: list[Did] = [
        (session, user, minute, "/", None) for session in ("s", "", None) for user in ("ada", "", None)
        for minute in (0, 1, 719, 720)
    ]  # fmt: skip
    rows = visits(*did)
    assert rows.height == 3 * 3 * 2
    assert rows["events"].sum() == len(did)


def test_a_visit_without_a_page_has_no_journey() -> None:
    visit = the(visits(("s", "ada", 0, None, "click"), ("s", "ada", 1, "/", "click")))
    assert (visit["views"], visit["pages"], visit["journeys"], visit["path"], visit["viewed"]) == (0, 0, 0, None, [])


def test_visits_of_several_files_become_the_visit_of_all_of_them() -> None:
    did: list[Did] = [
        (session, user, 7 * (number % 90), f"/{number % 4}", ["click", "page_view", None][number % 3])
        for number, (session, user) in enumerate(
            (session, user) for _ in range(40) for session in ("s", "t", None) for user in ("ada", None)
        )
    ]
    parts = [visits(*did[start::3]) for start in range(3)]
    merged = rollups.merge("interaction_visits", pl.concat(parts))
    by = ["bucket", "session_id", "user_id"]
    assert merged.sort(by).equals(visits(*did).sort(by))
    assert rollups.merge("interaction_visits", merged).sort(by).equals(merged.sort(by))
