"""The state machine of an instance: told as timelines, and held against the text of the specification."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts.judging import Instance, Key, State, Transition, Verdict
from alerts.judging.instance import BREACHES, UNJUDGED
from alerts.judging.lifecycle import NEVER, NOW, Timing, ended, interrupted, renewed, step, unchanged_until, worse_of
from alerts.rules import AlertRule

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = Key("errors", (("endpoint", "/chat"),))
VERDICTS = {
    "B": Verdict.BREACH, "r": Verdict.RECOVERED, "-": Verdict.BETWEEN, "_": Verdict.NO_DATA, "?": Verdict.TOO_FEW,
    "c": Verdict.CALM, "f": Verdict.FADING, "x": Verdict.GONE, "w": Verdict.WAVERING,
}  # fmt: skip
FIVE = Timing(duration=5 * MINUTE)
TWO_TO_RECOVER = Timing(recover_for=2 * MINUTE)
STALE = Timing(stale_after=3 * MINUTE, gone_after=2 * MINUTE)


def told(verdicts: str, timing: Timing, instance: Instance | None = None) -> tuple[Instance, dict[int, str]]:
    """The instance after one verdict a minute from noon on, and what happened at which minute."""
    instance, happened = instance or Instance(KEY), dict[int, str]()
    for minute, verdict in enumerate(verdicts):
        instance, transition = step(instance, VERDICTS[verdict], float(minute), NOON + minute * MINUTE, timing)
        if transition:
            happened[minute] = transition.kind
    return instance, happened


@pytest.mark.parametrize(
    ("verdicts", "timing", "happened"),
    [
        pytest.param("rB", Timing(), {1: "firing"}, id="without a duration the first breach fires"),
        pytest.param("BBBBB", FIVE, {0: "pending"}, id="five evaluations span four minutes"),
        pytest.param("BBBBBB", FIVE, {0: "pending", 5: "firing"}, id="five minutes after the first breach it fires"),
        pytest.param("BBBrBBBBBB", FIVE, {0: "pending", 3: "cleared", 4: "pending", 9: "firing"}, id="one non-breach"),
        pytest.param("BBB-BBBBBB", FIVE, {0: "pending", 3: "cleared", 4: "pending", 9: "firing"}, id="one in between"),
        pytest.param("BBB_BBBBB", FIVE, {0: "pending"}, id="no data stays pending and breaks the run"),
        pytest.param("BBB_BBBBBB", FIVE, {0: "pending", 9: "firing"}, id="and it fires five minutes after the gap"),
        pytest.param("B_______", FIVE, {0: "pending"}, id="nothing fires without evidence"),
        pytest.param("Br", Timing(), {0: "firing", 1: "resolved"}, id="recovered ends it"),
        pytest.param("B-", Timing(), {0: "firing"}, id="between the thresholds goes on firing"),
        pytest.param("B_", Timing(), {0: "firing"}, id="no data goes on firing"),
        pytest.param("Brr-rrr", TWO_TO_RECOVER, {0: "firing", 6: "resolved"}, id="one between recoveries"),
        pytest.param("Brr_rrr", TWO_TO_RECOVER, {0: "firing", 6: "resolved"}, id="no data between them"),
        pytest.param("BrrBrrr", TWO_TO_RECOVER, {0: "firing", 6: "resolved"}, id="a breach between them"),
        pytest.param("B_", Timing(no_data="ok"), {0: "firing", 1: "resolved"}, id="no data counts as recovered"),
        pytest.param("r_", Timing(no_data="alert"), {1: "firing"}, id="no data counts as a breach"),
        pytest.param("BB__BB", Timing(5 * MINUTE, no_data="alert"), {0: "pending", 5: "firing"}, id="in a run as well"),
        pytest.param("BrB", Timing(), {0: "firing", 1: "resolved", 2: "firing"}, id="resolved fires again"),
        pytest.param("BBB??BBB", FIVE, {0: "pending", 7: "firing"}, id="too few events stop the clock"),
        pytest.param("BBwwwB", FIVE, {0: "pending", 5: "firing"}, id="what wavers is a breach"),
        pytest.param("Brwrrrr", TWO_TO_RECOVER, {0: "firing", 3: "resolved"}, id="but does not keep an alert alive"),
        pytest.param("BBBffBBB", FIVE, {0: "pending", 7: "firing"}, id="what fades is no new evidence"),
        pytest.param("BBcBB", FIVE, {0: "pending", 2: "cleared", 3: "pending"}, id="a few that are well clear it"),
        pytest.param("f?cf", Timing(), {}, id="and nothing of it begins one"),
        pytest.param("Bccc", TWO_TO_RECOVER, {0: "firing", 3: "resolved"}, id="a few that are well end it"),
        pytest.param("Bfff", TWO_TO_RECOVER, {0: "firing", 3: "resolved"}, id="and so does what fades"),
        pytest.param("Brr??r", TWO_TO_RECOVER, {0: "firing", 5: "resolved"}, id="too few stop that clock, too"),
        pytest.param("BB___", STALE, {0: "firing", 4: "resolved"}, id="no data for long ends it"),
        pytest.param("BB_B__", STALE, {0: "firing"}, id="data in between counts anew"),
        pytest.param("B_?_", STALE, {0: "firing", 3: "resolved"}, id="too few are no data in this"),
        pytest.param("Bxx", STALE, {0: "firing", 2: "resolved"}, id="what is gone ends sooner"),
        pytest.param("B___", Timing(FIVE.duration, stale_after=3 * MINUTE), {0: "pending", 3: "cleared"},
                     id="what is pending ends, too"),
        pytest.param("B___B", Timing(no_data="alert", stale_after=2 * MINUTE), {0: "firing"}, id="but for a breach"),
        pytest.param("BrBB", Timing(MINUTE), {0: "pending", 1: "cleared", 2: "pending", 3: "firing"}, id="a new run"),
    ],
)  # fmt: skip
def test_a_timeline(verdicts: str, timing: Timing, happened: dict[int, str]) -> None:
    assert told(verdicts, timing)[1] == happened


def test_a_firing_instance_says_since_when_and_how_bad() -> None:
    instance, _ = told("rBB_BBBBBBBr", Timing(5 * MINUTE, 5 * MINUTE))
    assert (instance.state, instance.since, instance.fired_at) == (State.FIRING, NOON + 4 * MINUTE, NOON + 9 * MINUTE)
    assert (instance.value, instance.worst, instance.recovering_since) == (11, 10, NOON + 11 * MINUTE)


@pytest.mark.parametrize(
    ("verdicts", "reason"),
    [
        ("B___", "no data for 3m"),
        ("B_??", "too few events to judge for 3m"),
        ("Bxx", "gone: no data for 2m, while others of the rule have some"),
    ],
)
def test_what_ends_without_data_says_so(verdicts: str, reason: str) -> None:
    instance, said = Instance(KEY), list[str]()
    for minute, verdict in enumerate(verdicts):
        instance, transition = step(instance, VERDICTS[verdict], None, NOON + minute * MINUTE, STALE)
        said += [transition.reason] if transition else []
    assert said == ["", reason]


def test_what_is_worst_lies_on_the_side_of_the_threshold() -> None:
    lower = told("BBBB", Timing(worse="lower"))[0]
    assert lower.worst == 0
    usual = Instance(KEY)
    for minute, value in enumerate((90.0, 40.0, 130.0)):
        usual, _ = step(usual, Verdict.BREACH, value, NOON + minute * MINUTE, Timing(worse="either"), usual=100.0)
    assert usual.worst == 40


def test_an_instant_that_was_evaluated_is_not_evaluated_again() -> None:
    instance, _ = told("BB", FIVE)
    assert step(instance, Verdict.RECOVERED, 0.0, NOON + MINUTE, FIVE) == (instance, None)
    assert step(instance, Verdict.RECOVERED, 0.0, NOON, FIVE) == (instance, None)


def test_a_gap_breaks_the_run_and_keeps_the_state() -> None:
    pending = interrupted(told("BBBB", FIVE)[0])
    assert pending.state is State.PENDING
    assert step(pending, Verdict.BREACH, 1.0, NOON + 60 * MINUTE, FIVE)[1] is None
    firing = interrupted(told("B", Timing())[0])
    assert firing.state is State.FIRING
    assert step(firing, Verdict.RECOVERED, 1.0, NOON + 60 * MINUTE, Timing())[1] is not None


def test_ending_from_outside_says_why() -> None:
    at = NOON + 10 * MINUTE
    resolved, transition = ended(told("B", Timing())[0], at, "resolved by ada")
    assert (resolved.state, resolved.ended_at) == (State.RESOLVED, at)
    assert transition == Transition(KEY, "resolved", at, 0.0, "resolved by ada")
    cleared, transition = ended(told("B", FIVE)[0], at, "the rule was removed")
    assert (cleared.state, transition and transition.kind) == (State.INACTIVE, "cleared")
    quiet = told("r", FIVE)[0]
    assert ended(quiet, at, "the rule was removed") == (quiet, None)


def test_what_goes_on_breaching_after_it_was_resolved_waits_its_duration_again() -> None:
    resolved, _ = ended(told("BBBBBB", FIVE)[0], NOON + 5 * MINUTE, "resolved by ada")
    instance, kinds = resolved, list[str]()
    for minute in range(6, 12):
        instance, transition = step(instance, Verdict.BREACH, 1.0, NOON + minute * MINUTE, FIVE)
        kinds.append(transition.kind if transition else "")
    assert kinds == ["pending", "", "", "", "", "firing"]


def test_what_began_before_it_was_sure_counts_from_there() -> None:
    instance, transition = step(Instance(KEY), Verdict.BREACH, 9.0, NOON, FIVE, ago=5 * MINUTE)
    assert transition and transition.kind == "firing"
    assert (instance.since, instance.fired_at) == (NOON - 5 * MINUTE, NOON)
    instance, transition = step(Instance(KEY), Verdict.BREACH, 9.0, NOON, FIVE, ago=3 * MINUTE)
    assert transition and transition.kind == "pending"
    _, transition = step(instance, Verdict.BREACH, 9.0, NOON + 2 * MINUTE, FIVE)
    assert transition and transition.kind == "firing"


def test_what_belongs_to_an_alert_that_is_over_counts_for_no_other() -> None:
    resolved, _ = ended(told("BBBBBB", FIVE)[0], NOON + 6 * MINUTE, "resolved by ada")
    instance, transition = step(resolved, Verdict.BREACH, 9.0, NOON + 7 * MINUTE, FIVE, ago=30 * MINUTE)
    assert transition and transition.kind == "pending"
    assert instance.since == NOON + 6 * MINUTE


def test_what_begins_within_the_rest_after_an_alert_began_waits_for_its_end() -> None:
    resting = Timing(refractory=10 * MINUTE)
    instance, _ = told("B", resting)
    instance, transition = step(instance, Verdict.RECOVERED, 1.0, NOON + 1 * MINUTE, resting)
    assert transition and transition.kind == "resolved" and instance.fired_at == NOON
    for minute in (2, 9):
        instance, transition = step(instance, Verdict.BREACH, 9.0, NOON + minute * MINUTE, resting)
        assert transition is None and instance.state is State.RESOLVED
    instance, transition = step(instance, Verdict.BREACH, 9.0, NOON + 10 * MINUTE, resting)
    assert transition and transition.kind == "firing"


def test_a_duration_longer_than_the_calendar_never_fires() -> None:
    instance, _ = told("B", Timing(duration=timedelta(days=4_000_000)))
    assert unchanged_until(instance, Timing(duration=timedelta(days=4_000_000)))[Verdict.BREACH] == NEVER


@pytest.mark.parametrize(
    ("condition", "side"),
    [
        ({"operator": "<=", "threshold": 1}, "lower"),
        ({"operator": ">", "threshold": 1}, "higher"),
        ({"operator": "==", "threshold": "down"}, "higher"),
        ({"kind": "dynamic"}, "either"),
        ({"kind": "dynamic", "direction": "down"}, "lower"),
        ({"kind": "anomaly"}, "either"),
        ({"kind": "change", "operator": "<", "threshold": -50}, "lower"),
        ({"kind": "burn_rate", "objective": 99.9}, "higher"),
    ],
)
def test_a_rule_says_on_which_side_it_gets_worse(condition: object, side: str) -> None:
    watched = AlertRule.model_validate(
        {"id": "a", "name": "A", "priority": "P1", "metric": "error_rate", "condition": condition}
    )
    assert worse_of(watched) == side
    assert Timing.of(watched).worse == side


@dataclass
class Told:
    """What happened to an instance, and what follows by the text of the specification: no state but the whole list."""

    timing: Timing
    verdicts: list[tuple[datetime, Verdict, float | None]] = field(default_factory=list)
    """Evaluations since the last break of all runs, with what they count as."""
    judged: datetime | None = None
    """While pending or firing: the newest instant with a verdict."""
    state: State = State.INACTIVE
    episode: list[float] = field(default_factory=list)
    """Breaching values since the run began that fired."""

    def run(self, verdict: Verdict) -> list[tuple[datetime, Verdict, float | None]]:
        """The evaluations with the verdict at the end of the list; too few events break no run."""
        broken = next(
            (n for n, (_, one, _) in enumerate(reversed(self.verdicts)) if one not in (verdict, Verdict.TOO_FEW)),
            len(self.verdicts),
        )
        return [one for one in self.verdicts[len(self.verdicts) - broken :] if one[1] is verdict]

    def lasted(self, verdict: Verdict, length: timedelta) -> bool:
        run = self.run(verdict)
        return self.verdicts[-1][1] is verdict and (len(run) - 1) * MINUTE >= length

    def counted(self, verdict: Verdict) -> Verdict:
        if verdict in (Verdict.NO_DATA, Verdict.GONE):
            return {"keep": Verdict.NO_DATA, "ok": Verdict.RECOVERED, "alert": Verdict.BREACH}[self.timing.no_data]
        fading = Verdict.TOO_FEW if self.state is State.PENDING else Verdict.RECOVERED
        wavering = Verdict.RECOVERED if self.state is State.FIRING else Verdict.BREACH
        meant = {Verdict.CALM: Verdict.RECOVERED, Verdict.FADING: fading, Verdict.WAVERING: wavering,
                 Verdict.HOLIDAY: Verdict.TOO_FEW}  # fmt: skip
        return meant.get(verdict, verdict)

    def evaluate(self, instant: datetime, verdict: Verdict, value: float | None) -> str | None:
        alive, counted = self.state in (State.PENDING, State.FIRING), self.counted(verdict)
        if verdict in UNJUDGED:
            self.judged = self.judged or instant
        else:
            self.judged = instant
        limit = self.timing.gone_after if verdict is Verdict.GONE else self.timing.stale_after
        without = counted in (Verdict.NO_DATA, Verdict.TOO_FEW) and verdict is not Verdict.FADING
        if alive and without and instant - self.judged >= limit:
            self.verdicts.clear()
            fired, self.judged = self.state is State.FIRING, None
            self.state = State.RESOLVED if fired else State.INACTIVE
            return "resolved" if fired else "cleared"
        said = self.moved(instant, counted, verdict, value)
        if self.state not in (State.PENDING, State.FIRING):
            self.judged = None
        return said

    def moved(self, instant: datetime, counted: Verdict, verdict: Verdict, value: float | None) -> str | None:
        if counted is Verdict.TOO_FEW and self.state not in (State.PENDING, State.FIRING):
            counted = Verdict.NO_DATA  # there is no run to go on
        self.verdicts.append((instant, counted, value if verdict in BREACHES else None))
        if self.state is State.FIRING:
            if verdict in BREACHES and value is not None:
                self.episode.append(value)
            if self.lasted(Verdict.RECOVERED, self.timing.recover_for):
                self.state = State.RESOLVED
                self.verdicts.clear()
                return "resolved"
            return None
        if self.lasted(Verdict.BREACH, self.timing.duration):
            self.state = State.FIRING
            self.episode = [value for _, _, value in self.run(Verdict.BREACH) if value is not None]
            return "firing"
        before, self.state = self.state, self.waiting(counted)
        changed = before is State.PENDING, self.state is State.PENDING
        return {(False, True): "pending", (True, False): "cleared"}.get(changed)

    def waiting(self, counted: Verdict) -> State:
        if counted is Verdict.BREACH:
            return State.PENDING
        if self.state is State.PENDING:
            return State.PENDING if counted in (Verdict.NO_DATA, Verdict.TOO_FEW) else State.INACTIVE
        return self.state


LENGTHS = st.integers(0, 4).map(lambda minutes: minutes * MINUTE)


class Lifecycle(RuleBasedStateMachine):
    """Whatever happens in whatever order, `step` and the text agree."""

    @initialize(
        duration=LENGTHS, recover_for=LENGTHS, no_data=st.sampled_from(["keep", "ok", "alert"]),
        worse=st.sampled_from(["higher", "lower"]), stale=st.integers(1, 9), gone=st.integers(1, 3),
    )  # fmt: skip
    def begin(
        self, duration: timedelta, recover_for: timedelta, no_data: str, worse: str, stale: int, gone: int
    ) -> None:
        limits = stale * MINUTE, min(stale, gone) * MINUTE
        self.timing = Timing(duration, recover_for, no_data, worse, *limits)  # pyright: ignore[reportArgumentType]
        self.told = Told(self.timing)
        self.instance = Instance(KEY)
        self.instant = NOON

    @rule(verdict=st.sampled_from(Verdict), value=st.none() | st.floats(-5, 5), times=st.integers(1, 6))
    def evaluate(self, verdict: Verdict, value: float | None, times: int) -> None:
        for _ in range(times):
            self.instant += MINUTE
            before, quiet_until = self.instance, unchanged_until(self.instance, self.timing)[verdict]
            self.instance, transition = step(self.instance, verdict, value, self.instant, self.timing)
            assert (transition and transition.kind) == self.told.evaluate(self.instant, verdict, value)
            judged = None if verdict in UNJUDGED else self.instant
            same = self.instance == renewed(before, value, self.instance.worst, self.instant, judged)
            assert same == (self.instant < quiet_until)

    @rule()
    def resolve(self) -> None:
        fired = self.instance.state is State.FIRING
        self.instance, transition = ended(self.instance, self.instant, "resolved by ada")
        assert (transition is not None) == (self.told.state in (State.FIRING, State.PENDING))
        self.told.state = State.RESOLVED if fired else State.INACTIVE if transition else self.told.state
        self.told.verdicts.clear()
        self.told.judged = None

    @rule()
    def miss_some(self) -> None:
        self.instant += 120 * MINUTE
        self.instance = interrupted(self.instance)
        self.told.verdicts.clear()
        self.told.judged = None

    def begun(self, run: list[tuple[datetime, Verdict, float | None]]) -> datetime | None:
        """When a run began, were all its evaluations the newest ones."""
        return self.instant - (len(run) - 1) * MINUTE if run else None

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "told"):
            return
        assert self.instance.state is self.told.state
        breaches, recoveries = self.told.run(Verdict.BREACH), self.told.run(Verdict.RECOVERED)
        assert self.instance.judged_at == self.told.judged
        if self.instance.state is State.PENDING:
            assert self.instance.breaching_since == self.begun(breaches)
        if self.instance.state is State.FIRING:
            assert self.instance.recovering_since == self.begun(recoveries)
            assert self.instance.since is not None and self.instance.fired_at is not None
            assert self.instance.fired_at - self.instance.since >= self.timing.duration
            farthest = max if self.timing.worse == "higher" else min
            assert self.instance.worst == farthest(self.told.episode, default=None)


Lifecycle.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestAgainstTheText = Lifecycle.TestCase


def test_limits_are_moments_that_no_instant_has() -> None:
    assert NOW < NOON < NEVER
