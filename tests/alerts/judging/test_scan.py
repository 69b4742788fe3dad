"""Going over many evaluations at once: the same as one after the other, only sooner."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.judging import Instance, Key, State, Verdict
from alerts.judging.instants import micros, moment
from alerts.judging.lifecycle import Changed, Timing, step
from alerts.judging.scan import Track, scan

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = Key("errors")
LENGTHS = st.integers(0, 5).map(lambda minutes: minutes * MINUTE)
TIMINGS = st.builds(
    Timing, LENGTHS, LENGTHS, st.sampled_from(["keep", "ok", "alert"]), st.sampled_from(["higher", "lower", "either"]),
    LENGTHS.filter(bool), LENGTHS.filter(bool), LENGTHS,
)  # fmt: skip
RUNS = st.lists(st.tuples(st.sampled_from(Verdict), st.integers(1, 12)), min_size=1, max_size=12)
VALUES = st.floats(-9, 9) | st.just(float("nan"))


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    verdicts = [verdict for verdict, times in draw(RUNS) for _ in range(times)]
    count = len(verdicts)
    usual = draw(st.none() | st.lists(VALUES, min_size=count, max_size=count))
    ago, idle = (draw(st.none() | st.lists(st.integers(0, 9), min_size=count, max_size=count)) for _ in range(2))
    if idle is not None:  # the newest events are never older than they were
        minutes = np.arange(count)
        idle = minutes - np.maximum.accumulate(minutes - np.array(idle))
    return Track(
        np.array([micros(NOON + minute * MINUTE) for minute in range(count)], np.int64),
        np.array(verdicts, np.int8),
        np.array(draw(st.lists(VALUES, min_size=count, max_size=count))),
        draw(TIMINGS),
        None if usual is None else np.array(usual),
        *(None if one is None else np.array(one, np.int64) * 60_000_000 for one in (ago, idle)),
    )


def one_by_one(instance: Instance, track: Track) -> tuple[Instance, tuple[Changed, ...]]:
    changes: list[Changed] = []
    for column, instant in enumerate(track.instants.tolist()):
        verdict = Verdict(int(track.verdicts[column]))
        instance, transition = step(
            instance, verdict, track.value(column), moment(instant), track.timing, track.expected(column),
            track.began_ago(column), track.idle_for(column),
        )  # fmt: skip
        if transition:
            changes.append(Changed(transition, instance))
    return instance, tuple(changes)


@settings(deadline=None)
@given(tracks())
def test_skipping_what_changes_nothing_comes_to_the_same(track: Track) -> None:
    assert scan(Instance(KEY), track) == one_by_one(Instance(KEY), track)


@settings(deadline=None)
@given(tracks())
def test_leaving_out_what_comes_to_nothing_leaves_what_fires_and_is_resolved(track: Track) -> None:
    def fired(changes: tuple[Changed, ...]) -> list[Changed]:
        return [one for one in changes if one.transition.kind in ("firing", "resolved")]

    _, some = scan(Instance(KEY), track, only_firing=True)
    assert fired(some) == fired(scan(Instance(KEY), track)[1])


def test_a_value_that_came_with_the_end_of_an_alert_is_not_taken_up_later() -> None:
    verdicts = [Verdict.NO_DATA] * 9 + [Verdict.BREACH] + [Verdict.NO_DATA] * 7 + [Verdict.BREACH] * 12
    values = [np.nan] * 9 + [5.0, 1.0] + [np.nan] * 18
    timing = Timing(recover_for=MINUTE, stale_after=MINUTE, gone_after=MINUTE)
    instants = np.array([micros(NOON + minute * MINUTE) for minute in range(len(verdicts))], np.int64)
    track = Track(instants, np.array(verdicts, np.int8), np.array(values), timing)
    assert scan(Instance(KEY), track) == one_by_one(Instance(KEY), track)


@settings(deadline=None)
@given(tracks(), st.data())
def test_a_track_in_two_parts_comes_to_the_same_even_where_they_overlap(track: Track, data: st.DataObject) -> None:
    count = len(track.instants)
    cut = data.draw(st.integers(0, count))
    back = data.draw(st.integers(0, cut))

    def part(start: int, end: int) -> Track:
        usual = None if track.usual is None else track.usual[start:end]
        ago, idle = (None if one is None else one[start:end] for one in (track.ago, track.idle))
        verdicts, values = track.verdicts[start:end], track.values[start:end]
        return Track(track.instants[start:end], verdicts, values, track.timing, usual, ago, idle)

    middle, first = scan(Instance(KEY), part(0, cut))
    last, rest = scan(middle, part(back, count))
    assert (last, first + rest) == scan(Instance(KEY), track)


def test_changes_before_a_moment_are_late() -> None:
    track = Track(
        np.array([micros(NOON + minute * MINUTE) for minute in range(4)], np.int64),
        np.array([3, 1, 3, 1], np.int8),
        np.array([9.0, 1.0, 9.0, 1.0]),
    )
    _, changes = scan(Instance(KEY), track, late_before=NOON + 2 * MINUTE)
    assert [(one.transition.kind, one.transition.late, one.instance.state) for one in changes] == [
        ("firing", True, State.FIRING), ("resolved", True, State.RESOLVED),
        ("firing", False, State.FIRING), ("resolved", False, State.RESOLVED),
    ]  # fmt: skip


class Counted(Track):
    """A track that counts the evaluations that were not skipped."""

    looked_at: ClassVar[list[int]] = []

    def expected(self, at: int) -> float | None:
        self.looked_at.append(at)
        return super().expected(at)


def test_a_month_of_minutes_costs_what_happens_in_it_and_not_its_minutes() -> None:
    start, count = micros(NOON), 43_200
    verdicts = np.full(count, Verdict.RECOVERED, np.int8)
    verdicts[::2] = Verdict.BETWEEN
    verdicts[20_000:20_100] = Verdict.BREACH
    track = Counted(
        np.arange(start, start + count * 60_000_000, 60_000_000),
        verdicts,
        np.arange(count, dtype=float),
        Timing(5 * MINUTE),
    )
    _, changes = scan(Instance(KEY), track)
    assert [one.transition.kind for one in changes] == ["pending", "firing", "resolved"]
    assert changes[-1].instance.worst == 20_099
    assert len(Counted.looked_at) <= 8
