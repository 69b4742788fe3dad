"""The demo home: made when there is nothing to show, never while there is."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.store import Store
from app.demo import making
from app.demo.making import KEPT, NAME, is_wanted, make_demo, rehearse
from app.home import current_home, demo_home, demo_homes, demo_progress, has_events
from metrics.engine import DataFreshness, Engine
from metrics.settings import Settings
from tests.app.test_home import with_events

NOW = datetime(2026, 5, 10, 12, 30, tzinfo=UTC)


def made_at(home: Path, moment: datetime) -> Path:
    """A demo home with an event, of that moment."""
    directory = home / "demo" / moment.strftime(NAME)
    directory.mkdir(parents=True)
    return with_events(directory)


def test_it_is_wanted_in_an_empty_home(tmp_path: Path) -> None:
    assert is_wanted(Settings(home=tmp_path), NOW)


def test_it_is_not_wanted_once_there_are_events(tmp_path: Path) -> None:
    assert not is_wanted(Settings(home=with_events(tmp_path)), NOW)


def test_it_is_made_anew_when_it_has_grown_old(tmp_path: Path) -> None:
    made_at(tmp_path, NOW - KEPT)
    assert not is_wanted(Settings(home=tmp_path), NOW)
    assert is_wanted(Settings(home=tmp_path), NOW + timedelta(minutes=1))


def test_making_it_fills_a_home_of_its_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    make_demo(settings, lambda: NOW, days=2, per_day=300)
    shown = current_home(settings)
    assert shown.is_demo
    freshness = Engine(shown.settings).answer(DataFreshness())
    assert freshness.last is not None
    assert NOW - timedelta(hours=1) < freshness.last <= NOW
    assert not has_events(tmp_path)
    assert demo_progress(tmp_path) is None
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [shown.path.name]


def test_it_is_not_shown_before_its_past_was_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[Path], str]] = []

    def look(settings: Settings, length: timedelta, end: datetime) -> None:
        progress = demo_progress(tmp_path)
        seen.append((demo_homes(tmp_path), progress.stage if progress else ""))
        rehearse(settings, length, end)

    monkeypatch.setattr(making, "rehearse", look)
    make_demo(Settings(home=tmp_path), lambda: NOW, days=1, per_day=100)
    assert seen == [([], "looking for alerts in them")]
    shown = demo_home(tmp_path)
    assert shown is not None
    with closing(Store.of(Settings(home=shown))) as store, store.reading() as repository:
        assert NOW - timedelta(minutes=1) < max(repository.evaluated().values()) <= NOW


def test_making_it_anew_keeps_the_one_that_may_be_on_screen(tmp_path: Path) -> None:
    oldest, older = made_at(tmp_path, NOW - 3 * KEPT), made_at(tmp_path, NOW - 2 * KEPT)
    make_demo(Settings(home=tmp_path), lambda: NOW, days=1, per_day=100)
    newest = demo_home(tmp_path)
    assert newest is not None
    assert demo_homes(tmp_path) == [older, newest]
    assert not oldest.exists()
