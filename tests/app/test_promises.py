"""The promises of the pages: each figure from what was measured, and why there is none."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.rules import Priority
from alerts.store import Store
from app.page_times import PageTime, PageTimes
from app.queries import promises
from app.queries.promises import Kept
from app.source import Source, connect_through
from app.state import View
from app.verification import Difference, Verification, remember
from metrics.engine import Engine
from metrics.settings import Settings
from tests.app.incidents import SLOW, alert, incident, keep
from tests.metrics.collect.made import NOW


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    settings = Settings(home=tmp_path)
    shown = Source(Engine(settings), settings, now=lambda: NOW)
    connect_through(lambda: shown)
    yield tmp_path
    connect_through(None)


def kept() -> dict[str, Kept]:
    return {one.name: one for one in promises.promises(View())}


def test_without_anything_measured_each_says_why(home: Path) -> None:
    found = kept()
    assert {one.is_kept for one in found.values()} == {None}
    assert found["page-load"].basis.startswith("No visit was measured in the last 7 days")
    assert found["update"].basis.startswith("No event was seen to come on an open Live page in the last 7 days")
    assert "`promptpilot verify`" in found["accuracy"].basis
    assert found["false-alerts"].basis == "No incident of the last 30 days is over."
    assert promises.by_page().is_empty()


def test_pages_and_updates_are_judged_by_their_p95_over_the_last_week(home: Path) -> None:
    long_ago = PageTimes(home, lambda: NOW - timedelta(days=7))
    long_ago.keep(PageTime(page="cost", navigation=1, all_figures=60_000))
    lately = PageTimes(home, lambda: NOW - timedelta(days=6))
    for seconds in range(1, 22):
        lately.keep(PageTime(page="cost", navigation=200, all_figures=seconds * 100))
    lately.keep(PageTime(page="data", navigation=300))
    lately.keep(PageTime(page="live", updates=(10, 20, 300)))
    found = kept()
    assert (found["page-load"].value, found["page-load"].is_kept) == (pytest.approx(2000), False)
    assert found["page-load"].basis == "P95 of 21 visits, last 7 days"
    assert (found["update"].value, found["update"].is_kept) == (pytest.approx(272), False)
    rows = promises.by_page().select("page", "visits", "all_figures P95").rows()
    assert rows == [("cost", 21, pytest.approx(2.0)), ("data", 1, None)]


def test_accuracy_is_what_the_newest_verification_found(home: Path) -> None:
    remember(home, Verification(0, ()), NOW)
    assert kept()["accuracy"].basis.startswith("Verified while there was no event")
    remember(home, Verification(1000, (Difference("cost", "", 1.0, 2.0),)), NOW)
    found = kept()["accuracy"]
    assert (found.value, found.is_kept) == (pytest.approx(99.9), False)
    assert found.basis.startswith("999 of 1,000 figures, verified ")
    (home / "verification.json").write_text("{", encoding="utf-8")
    assert kept()["accuracy"].value is None


def test_false_alerts_are_those_that_somebody_called_so(home: Path) -> None:
    ended = NOW - timedelta(hours=1)
    for number in range(30):
        words = "false alert, recovered" if number == 0 else "recovered"
        one = incident(
            f"{number:012}", SLOW, Priority.P1, "Slow", ended - timedelta(hours=number + 1), resolved_at=ended,
            resolution=words, firing=(),
        )  # fmt: skip
        keep(Store.of(Settings(home=home)), [one], [alert(one, ended=ended)])
    found = kept()["false-alerts"]
    assert (found.value, found.is_kept) == (pytest.approx(100 / 30), True)
    assert found.basis == "1 of 30 incidents that are over, last 30 days"
