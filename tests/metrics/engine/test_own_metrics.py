"""Metrics of one's own: what is let through works everywhere, what is not says where and why."""

import re
from pathlib import Path

import polars as pl
import pytest

from metrics.catalog import METRICS, MetricsError, catalog, own_problems
from metrics.catalog.own import OwnMetric, checked
from metrics.engine import Engine, Filter, Grain, NotCalculable, Query, Window
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.queries import QUESTIONS
from tests.metrics.engine.stored import store

SLOW = """
- name: slow_requests
  event: request
  sql: count(*) FILTER (WHERE duration_ms > 1000)
  unit: requests
  direction: down
- name: slow_share
  event: request
  sql: 100.0 * count(*) FILTER (WHERE duration_ms > 1000) / count(duration_ms)
  unit: "%"
- name: p90_output
  event: llm_call
  sql: quantile_cont(output_tokens, 0.9)
"""
LET_THROUGH = (
    ("request", "count(*)"),
    ("request", "count(DISTINCT user_id)"),
    ("request", "avg(duration_ms) / 1000"),
    ("request", "sum(CASE WHEN status_code >= 500 THEN 1 ELSE 0 END)"),
    ("request", "count_if(endpoint LIKE '/api/%' AND method IN ('GET', 'POST'))"),
    ("request", "count(*) FILTER (WHERE attributes['plan'] = 'free')"),
    ("llm_call", "median(duration_ms)"),
    ("llm_call", "sum(cost_usd) / nullif(count(DISTINCT user_id), 0)"),
    ("request", "max(coalesce(duration_ms, 0)) -- the slowest"),
)
REFUSED = {
    "": "one aggregate expression",
    "duration_ms": "outside of an aggregate",
    "count(*) + duration_ms": "outside of an aggregate",
    "1 + 1": "expected an aggregate",
    "sum(sum(duration_ms))": "within another aggregate",
    "sum(durations)": "no column 'durations'; the nearest is 'duration_ms'",
    "sum(request.duration_ms)": "without a table",
    "(SELECT count(*) FROM request)": "may not be used",
    "count(*) FILTER (WHERE user_id IN (SELECT 1))": "may not be used",
    "count(*); DROP TABLE request": "one aggregate expression",
    "DROP TABLE request": "may not be used",
    "COPY (SELECT 1) TO 'x'": "may not be used",
    "max(read_text('/etc/passwd'))": "may not be used",
    "sum(getenv('HOME'))": "may not be used",
    "any_value(current_setting('x'))": "may not be used",
    "list(user_id)": "may not be used",
    "sum(duration_ms) OVER (PARTITION BY user_id)": "may not be used",
    "count(*) AS n": "may not be used",
    "sum(duration_ms": "not SQL",
    "pragma_version()": "may not be used",
    "sum(nextval('s'))": "may not be used",
    "count(*) FROM read_csv('x')": "not SQL",
}


@pytest.mark.parametrize(
    ("sql", "adds_up", "fills"),
    [
        ("count(*) FILTER (WHERE duration_ms > 1000)", True, True),
        ("sum(duration_ms) / 1000 - count(*)", True, True),
        ("count(DISTINCT user_id)", False, True),
        ("max(duration_ms)", False, True),
        ("min(duration_ms)", False, False),
        ("avg(duration_ms) / 1000", False, False),
        ("100.0 * count(user_id) / count(*)", False, False),
    ],
)
def test_a_mean_or_a_share_does_not_add_up_and_is_no_less_in_part_of_a_bucket(
    sql: str, adds_up: bool, fills: bool
) -> None:
    metric = OwnMetric(name="mine", event="request", sql=sql).as_metric()
    assert (metric.adds_up, metric.fills) == (adds_up, fills)


@pytest.fixture
def home(tmp_path: Path, world_events: Events) -> Path:
    for kind in ("request", "llm_call"):
        store(tmp_path, kind, world_events[kind])
    (tmp_path / "metrics.yaml").write_text(SLOW, encoding="utf-8")
    return tmp_path


def test_own_metric_is_asked_for_like_any_other(home: Path, world_events: Events) -> None:
    window = QUESTIONS["everything"].window
    query = Query(metrics=("requests", "slow_requests", "slow_share", "p90_output"), window=window)
    row = Engine(Settings(home=home)).answer(query).frame.row(0, named=True)
    inside = pl.col("ts").is_between(window.start, window.end, "left")
    requests, calls = (world_events[kind].filter(inside) for kind in ("request", "llm_call"))
    slow = requests.filter(pl.col("duration_ms") > 1000).height
    assert row["slow_requests"] == slow > 0
    assert row["slow_share"] == pytest.approx(100 * slow / requests["duration_ms"].count())
    assert row["p90_output"] == pytest.approx(calls["output_tokens"].quantile(0.9, "linear"))


def test_own_metric_by_time_dimension_and_filter(home: Path, world_events: Events) -> None:
    window = Window(start="2026-03-27T10:30:00Z", end="2026-03-30T00:00:00Z")  # pyright: ignore[reportArgumentType]
    only = Filter(dimension="region", values=("eu",))
    query = Query(metrics=("slow_requests",), window=window, by=("method",), grain=Grain.DAY, filters=(only,))
    frame = Engine(Settings(home=home)).answer(query).frame
    kept = world_events["request"].filter(
        pl.col("ts").is_between(window.start, window.end, "left"),
        pl.col("region") == "eu",
        pl.col("duration_ms") > 1000,
    )
    assert frame["slow_requests"].sum() == kept.height > 0
    assert frame.height == 3 * 3


def test_divided_by_nothing_is_no_data(home: Path) -> None:
    (home / "metrics.yaml").write_text(
        "- {name: nothing, event: request, sql: count(*) / (count(*) - count(*))}\n", encoding="utf-8"
    )
    query = Query(metrics=("nothing",), window=QUESTIONS["everything"].window)
    assert Engine(Settings(home=home)).answer(query).frame["nothing"].to_list() == [None]


BROKEN = """
- name: broken
  event: request
  sql: sum(CAST(endpoint AS INTEGER))
- name: fine
  event: request
  sql: count(*)
"""


@pytest.fixture
def half_broken(home: Path) -> Engine:
    (home / "metrics.yaml").write_text(BROKEN, encoding="utf-8")
    return Engine(Settings(home=home))


@pytest.mark.parametrize("by", [(), ("method",)])
@pytest.mark.parametrize("grain", [Grain.NONE, Grain.DAY])
def test_one_that_fails_over_its_events_spoils_no_other(half_broken: Engine, by: tuple[str, ...], grain: Grain) -> None:
    query = Query(
        metrics=("requests", "broken", "fine"), window=QUESTIONS["everything"].window, by=by, grain=grain,
        with_events=True, compare=True,
    )  # fmt: skip
    rest = query.model_copy(update={"metrics": ("requests", "fine")})
    found, alone = half_broken.answer(query), half_broken.answer(rest)
    assert list(found.failed) == ["broken"]
    assert re.search(
        r"metrics.yaml, line 2: broken: cannot be calculated over these events: .*INT", found.failed["broken"]
    )
    broken = [name for name in found.frame.columns if name.startswith("broken")]
    assert broken == ["broken", "broken__events", "broken__previous"]
    assert found.frame.drop(broken).equals(alone.frame)
    assert found.frame.select(pl.col(broken).is_null().all()).row(0) == (True,) * 3
    assert [name for name in found.frame.columns if "__" not in name][-3:] == ["requests", "broken", "fine"]
    assert found.query == query


def test_one_that_fails_alone_says_its_line(half_broken: Engine) -> None:
    with pytest.raises(NotCalculable) as raised:
        half_broken.answer(Query(metrics=("broken",), window=QUESTIONS["everything"].window))
    error = raised.value
    assert (error.metric, error.origin.rpartition("/")[2]) == ("broken", "metrics.yaml, line 2")


@pytest.mark.parametrize(("kind", "sql"), LET_THROUGH)
def test_aggregates_are_let_through(kind: str, sql: str, home: Path) -> None:
    assert "--" not in checked(sql, kind)
    (home / "metrics.yaml").write_text(f"- name: mine\n  event: {kind}\n  sql: |-\n    {sql}\n", encoding="utf-8")
    query = Query(metrics=("mine",), window=QUESTIONS["everything"].window, by=("region",))
    assert Engine(Settings(home=home)).answer(query).frame["mine"].null_count() < 3


@pytest.mark.parametrize("sql", REFUSED)
def test_anything_else_is_refused_with_the_reason(sql: str) -> None:
    with pytest.raises(ValueError, match=re.escape(REFUSED[sql])):
        checked(sql, "request")


GOOD = "- {name: good, event: request, sql: count(*)}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- {name: requests, event: request, sql: count(*)}", 2, "'requests' is a metric already"),
        ("- {name: good, event: request, sql: sum(duration_ms)}", 2, "'good' is defined twice; the first one counts"),
        ("- {name: A b, event: request, sql: count(*)}", 2, "name: 'A b' is no name"),
        ("- name: a\n  event: requests\n  sql: count(*)", 3, "event: 'requests' is no kind of event; the nearest"),
        ("- name: a\n  event: request\n  sql: sum(x)", 2, "request events have no column 'x'"),
        ("- name: a\n  event: request\n  sql: sum(max(duration_ms))", 2, "stands within another aggregate"),
        ("- name: a\n  event: request\n  sql: sum(endpoint)", 2, "a: cannot be calculated: "),
        ("- name: a\n  event: request\n  sql: avg(duration_ms) + max(endpoint)", 2, "a: cannot be calculated: "),
        ("- name: a\n  event: request\n  sq: count(*)", 2, "sql: is missing"),
        ("- a", 2, "expected keys and values"),
    ],
)  # fmt: skip
def test_a_metric_that_cannot_be_used_is_left_out_alone_and_its_line_told(
    text: str, line: int, said: str, home: Path
) -> None:
    last = "\n- {name: last, event: request, sql: count(*)}\n"
    (home / "metrics.yaml").write_text(GOOD + text + last, encoding="utf-8")
    settings = Settings(home=home)
    (problem,) = own_problems(settings)
    assert str(problem).startswith(f"{home / 'metrics.yaml'}, line {line}: ")
    assert said in str(problem)
    assert set(catalog(settings)) - set(METRICS) == {"good", "last"}
    query = Query(metrics=("good", "last", "requests"), window=QUESTIONS["everything"].window)
    (row,) = Engine(settings).answer(query).frame.rows()
    assert row[0] == row[1] == row[2] > 0


@pytest.mark.parametrize(
    ("text", "said"), [("name: a", "expected a list"), ("- a: [", "not YAML"), ("- {a: 1, a: 2}", "a: is given twice")]
)
def test_a_file_that_is_no_list_of_metrics_says_where_and_why(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MetricsError) as wrong:
        Engine(Settings(home=tmp_path))
    assert str(tmp_path / "metrics.yaml") in str(wrong.value)
    assert said in str(wrong.value)


def test_without_a_file_the_catalog_is_as_it_ships(tmp_path: Path) -> None:
    assert set(catalog(Settings(home=tmp_path))) == set(METRICS)


def test_the_example_of_the_documentation_works(home: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    example = re.search(r"<!-- own metrics -->\n```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    (home / "metrics.yaml").write_text(example[1], encoding="utf-8")
    query = Query(metrics=("slow_requests",), window=QUESTIONS["everything"].window)
    assert Engine(Settings(home=home)).answer(query).frame["slow_requests"][0] > 0
