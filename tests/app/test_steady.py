"""Jobs come round by a clock that nobody sets."""

import datetime as dates
from types import SimpleNamespace

import pytest
import schedule

from app.steady import SteadyScheduler


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_jobs_run_when_their_seconds_have_passed(clock: Clock) -> None:
    scheduler, runs = SteadyScheduler(clock), list[float]()
    scheduler.every(2).seconds.do(lambda: runs.append(clock.seconds))
    scheduler.every(0.5).seconds.do(lambda: None)
    for tenth in range(1, 62):
        clock.seconds = tenth / 10
        scheduler.run_pending()
    assert runs == pytest.approx([2, 4, 6], abs=0.11)


def test_it_says_how_long_nothing_is_due(clock: Clock) -> None:
    scheduler = SteadyScheduler(clock)
    assert scheduler.idle_seconds is None
    scheduler.every(2).seconds.do(lambda: None)
    clock.seconds = 0.5
    assert scheduler.idle_seconds == pytest.approx(1.5)


@pytest.mark.parametrize("back", [dates.timedelta(hours=1), dates.timedelta(days=365)])
def test_a_wall_clock_set_back_holds_no_job_up(
    back: dates.timedelta, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [dates.datetime(2026, 10, 25, 2, 59, 59)]  # noqa: DTZ001

    class Wall(dates.datetime):
        @classmethod
        def now(cls, tz: dates.tzinfo | None = None) -> "Wall":
            return cls.fromtimestamp(shown[0].timestamp(), tz)

    monkeypatch.setattr(
        schedule, "datetime", SimpleNamespace(datetime=Wall, timedelta=dates.timedelta, time=dates.time)
    )
    scheduler, runs = SteadyScheduler(clock), list[float]()
    scheduler.every(1).seconds.do(lambda: runs.append(clock.seconds))
    shown[0] -= back
    for second in range(1, 6):
        clock.seconds = second
        scheduler.run_pending()
    assert runs == [1, 2, 3, 4, 5]
