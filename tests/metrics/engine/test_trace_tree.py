"""A trace is nested whatever its spans say of each other: nothing is lost, nothing counted twice."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metrics.engine.trace_tree import Step, placed

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
IDS = st.sampled_from(["a", "b", "c", "d", "e"])


def step(name: str, parent: str | None = None, at: int = 0, ms: float | None = 10, kind: str = "span") -> Step:
    return Step(kind, f"{kind}-{name}", NOON + timedelta(milliseconds=at), name, parent, ms)


@st.composite
def traces(draw: st.DrawFn) -> list[Step]:
    made = st.tuples(
        st.none() | IDS, st.none() | IDS, st.integers(-50, 50), st.none() | st.integers(0, 100), st.integers(0, 9)
    )
    return [
        Step("span", f"e{n}", NOON + timedelta(milliseconds=at), own, parent, ms, float(tokens), tokens)
        for n, (own, parent, at, ms, tokens) in enumerate(draw(st.lists(made, max_size=12)))
    ]


@given(traces())
def test_every_event_stands_once_and_totals_are_equal(steps: list[Step]) -> None:
    found = placed(steps)
    assert sorted(one.step.event_id for one in found) == sorted(one.event_id for one in steps)
    assert sum(one.tokens or 0 for one in found if one.depth == 0) == sum(one.tokens or 0 for one in steps)
    assert sum(one.cost_usd or 0 for one in found if one.depth == 0) == sum(one.cost_usd or 0 for one in steps)


@given(traces())
def test_a_step_is_at_most_one_deeper_than_the_one_before(steps: list[Step]) -> None:
    depths = [one.depth for one in placed(steps)]
    assert all(deeper <= before + 1 for before, deeper in zip([-1, *depths], depths, strict=False))


@given(traces())
def test_self_time_is_never_negative_nor_more_than_the_whole(steps: list[Step]) -> None:
    assert all(0 <= one.self_ms <= (one.step.duration_ms or 0) for one in placed(steps) if one.self_ms is not None)


def test_children_that_overlap_count_once_in_the_self_time() -> None:
    found = placed([step("a", ms=100), step("b", "a", 10, 40), step("c", "a", 30, 40), step("d", "a", 500, 10)])
    assert [(one.step.span_id, one.depth) for one in found] == [("a", 0), ("b", 1), ("c", 1), ("d", 1)]
    assert found[0].self_ms == 40


def test_a_child_whose_clock_is_early_stands_below_its_parent() -> None:
    assert [one.step.span_id for one in placed([step("b", "a", -5), step("a")])] == ["a", "b"]


def test_an_error_of_a_span_stands_within_its_call() -> None:
    found = placed([step("a", ms=None, kind="error"), step("a", kind="llm_call")])
    assert [(one.step.kind, one.depth) for one in found] == [("llm_call", 0), ("error", 1)]


def test_an_orphan_and_a_circle_are_said() -> None:
    found = placed([step("a", "gone"), step("b", "c", 1), step("c", "b", 2), step("d", at=3)])
    assert [(one.step.span_id, one.depth, one.orphan) for one in found] == [
        ("d", 0, False), ("a", 0, True), ("b", 0, True), ("c", 1, False),
    ]  # fmt: skip


def test_a_trace_deeper_than_python_calls_is_nested() -> None:
    assert placed([step(str(n), str(n - 1), n) for n in range(3_000)])[-1].depth == 2_999
