"""What the simulated product looks like: its days and weeks, its people, and its models."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

import polars as pl
import pytest

from metrics.events.pricing import PriceBook
from metrics.events.simulator.world import ENTRY_SHARES, EXIT, JOURNEY, PAGE_ACTIONS, PAGES, UNPRICED_MODEL
from tests.metrics.events.simulator.conftest import Simulated

SATURDAY = 6
DRIVEN_BY_PEOPLE = ("request", "llm_call", "interaction", "prompt", "web_vital")


def hourly(events: pl.DataFrame) -> Mapping[int, int]:
    """Events in each hour of the day (UTC)."""
    return dict(events.group_by(pl.col("ts").dt.hour()).len().iter_rows())


@pytest.mark.parametrize("kind", DRIVEN_BY_PEOPLE)
def test_by_day_there_is_more_to_do_than_by_night(fortnight: Simulated, kind: str) -> None:
    hours = hourly(fortnight.of[kind].filter(fortnight.quiet))
    # Most people live in America and in Europe: it is busiest when both are awake.
    day, night = sum(hours[hour] for hour in range(13, 18)), sum(hours[hour] for hour in range(5))
    assert day > 1.8 * night


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-1"])
def test_every_region_sleeps_at_its_own_night(fortnight: Simulated, region: str) -> None:
    offset = {"us-east-1": -5, "eu-west-1": 1, "ap-southeast-1": 8}[region]
    hours = hourly(fortnight.of["request"].filter(fortnight.quiet & (pl.col("region") == region)))
    day = sum(hours[(hour - offset) % 24] for hour in range(10, 15))
    night = sum(hours.get((hour - offset) % 24, 0) for hour in range(5))
    assert day > 4 * night


@pytest.mark.parametrize("kind", DRIVEN_BY_PEOPLE)
def test_on_working_days_there_is_more_to_do_than_at_weekends(fortnight: Simulated, kind: str) -> None:
    days = fortnight.of[kind].group_by(pl.col("ts").dt.date(), weekend=pl.col("ts").dt.weekday() >= SATURDAY).len()
    mean = dict(days.group_by("weekend").agg(pl.col("len").mean()).iter_rows())
    assert mean[False] > 1.25 * mean[True]


def test_the_load_of_hosts_follows_the_traffic(fortnight: Simulated) -> None:
    busy = fortnight.of["resource"].filter(fortnight.quiet).group_by(pl.col("ts").dt.hour(), maintain_order=True)
    means = dict(busy.agg(pl.col("cpu_percent").mean()).iter_rows())
    assert means[15] > 1.5 * means[3]


@pytest.fixture(scope="module")
def uses(fortnight: Simulated) -> Sequence[int]:
    """Requests of each person, the busiest first; crawlers are none."""
    requests = fortnight.of["request"]
    crawling = [
        one.within & (pl.col("endpoint") == one.affects["endpoint"])
        for one in fortnight.incidents
        if one.kind == "traffic_anomaly"
    ]
    people = requests.filter(~pl.any_horizontal(crawling))
    return people["user_id"].value_counts()["count"].sort(descending=True).to_list()


def share(uses: Sequence[int], first: float, last: float) -> float:
    """Share of what is done by those between two places, both as shares of the people."""
    return sum(uses[round(first * len(uses)) : round(last * len(uses))]) / sum(uses)


def test_one_person_in_a_hundred_does_more_than_a_tenth_of_everything(uses: Sequence[int]) -> None:
    assert share(uses, 0, 0.01) > 0.1


def test_who_comes_later_in_the_order_does_much_less(uses: Sequence[int]) -> None:
    tenths = [share(uses, number / 10, (number + 1) / 10) for number in range(10)]
    assert tenths[0] > 2.5 * tenths[1]
    assert tenths[1] > 1.2 * tenths[2]
    assert tenths[1] > 8 * tenths[9]


def test_by_rank_use_falls_like_a_power_law(uses: Sequence[int]) -> None:
    by_rank = [sum(uses[rank : 2 * rank]) / rank for rank in (4, 8, 16, 32, 64, 128)]
    ratios = [after / before for before, after in pairwise(by_rank)]
    assert all(0.4 < ratio < 0.85 for ratio in ratios), ratios


@pytest.fixture(scope="module")
def views(fortnight: Simulated) -> pl.DataFrame:
    """Pages seen and, in the same visit, the next one."""
    seen = fortnight.of["interaction"].filter(pl.col("action") == "page_view").sort("session_id", "ts")
    return seen.select(
        "session_id", "page", "user_id", "device",
        following=pl.col("page").shift(-1).over("session_id"), place=pl.int_range(pl.len()).over("session_id"),
    )  # fmt: skip


EDGES = {
    (page, following): chance
    for page, chances in zip(PAGES, JOURNEY, strict=True)
    for following, chance in zip((*PAGES, None), chances, strict=True)
}


def test_visits_go_from_page_to_page_where_the_journey_graph_does(views: pl.DataFrame) -> None:
    walked = set(views.drop_nulls("following").select("page", "following").iter_rows())
    assert walked == {edge for edge, chance in EDGES.items() if chance > 0 and edge[1] is not None}


def test_visits_begin_where_the_journey_graph_does(views: pl.DataFrame) -> None:
    begun = dict(views.filter(pl.col("place") == 0)["page"].value_counts(normalize=True).iter_rows())
    assert begun == pytest.approx(dict(zip(PAGES, ENTRY_SHARES, strict=False)), abs=0.03)


def test_visits_take_each_way_as_often_as_the_journey_graph_says(views: pl.DataFrame) -> None:
    # Where a visit was long, it ends at its twelfth page, whatever the graph says.
    free = views.filter(pl.col("place") < 4)
    ways = free.group_by("page", "following").len().with_columns(share=pl.col("len") / pl.col("len").sum().over("page"))
    often = ways.filter(pl.col("len").sum().over("page") > 1000)
    assert often["page"].n_unique() >= EXIT - 2
    for page, following, taken in often.select("page", "following", "share").iter_rows():
        assert taken == pytest.approx(EDGES[page, following], abs=0.04), (page, following)


def test_a_visit_is_of_one_person_on_one_device(views: pl.DataFrame) -> None:
    assert views.group_by("session_id").agg(pl.col("user_id", "device").n_unique()).drop("session_id").max().row(0) == (
        1,
        1,
    )


def test_people_do_on_a_page_what_that_page_is_for(fortnight: Simulated) -> None:
    acts = fortnight.of["interaction"].filter(pl.col("action") != "page_view")
    done = set(acts.select("page", "action", "target").iter_rows())
    assert done == {(page, *act) for page, act in zip(PAGES, PAGE_ACTIONS, strict=True)}


def test_a_page_is_acted_on_after_it_is_seen(fortnight: Simulated) -> None:
    events = fortnight.of["interaction"]
    seen = events.filter(pl.col("action") == "page_view").group_by("session_id", "page").agg(since=pl.col("ts").min())
    acts = events.filter(pl.col("action") != "page_view").join(seen, on=["session_id", "page"], how="left")
    assert acts.height > 1000
    assert acts["since"].null_count() == 0
    assert acts.filter(pl.col("ts") < pl.col("since")).is_empty()


def medians(fortnight: Simulated, column: str) -> Mapping[str, float]:
    """By model, the median of calls that went well."""
    well = fortnight.of["llm_call"].filter((pl.col("status") == "ok") & ~pl.col("cache_hit") & fortnight.quiet)
    return dict(well.group_by("model").agg(pl.col(column).median().cast(pl.Float64)).iter_rows())


@pytest.mark.parametrize(
    ("column", "slower", "faster", "factor"),
    [
        ("duration_ms", "gpt-4.1", "gpt-4.1-mini", 1.4), ("duration_ms", "o4-mini", "gpt-4.1", 1.8),
        ("duration_ms", "claude-sonnet-4-5", "claude-haiku-4-5", 1.5),
        ("duration_ms", "gemini-2.5-pro", "gemini-2.5-flash", 3),
        ("time_to_first_token_ms", "o4-mini", "gpt-4.1-mini", 5),
        ("time_to_first_token_ms", "mistral-large-latest", "mistral-small-latest", 1.4),
        ("output_tokens", "o4-mini", "gpt-4.1", 2.5), ("output_tokens", "gemini-2.5-pro", "gemini-2.5-flash", 2),
        ("input_tokens", "claude-sonnet-4-5", "gpt-4.1-mini", 1.6),
        ("input_tokens", "gemini-2.5-pro", "command-r", 1.8),
    ],
)  # fmt: skip
def test_models_differ_in_time_and_in_tokens(
    fortnight: Simulated, column: str, slower: str, faster: str, factor: float
) -> None:
    found = medians(fortnight, column)
    assert found[slower] > factor * found[faster]


def test_only_reasoning_models_reason(fortnight: Simulated) -> None:
    reasoned = fortnight.of["llm_call"].filter((pl.col("reasoning_tokens") > 0) & (pl.col("model") != UNPRICED_MODEL))
    assert set(reasoned["model"]) == {"o4-mini", "gemini-2.5-pro"}


def test_costs_that_calls_report_are_those_of_the_price_list(fortnight: Simulated) -> None:
    calls = fortnight.of["llm_call"].filter((pl.col("cost_source") == "reported") & ~pl.col("cache_hit"))
    again = PriceBook().priced(calls.with_columns(pl.lit(None, pl.Float64).alias("cost_usd")))
    assert again["cost_source"].unique().to_list() == ["priced"]
    assert (again["cost_usd"] - calls["cost_usd"]).abs().max() == pytest.approx(0, abs=1e-8)


def test_only_the_models_of_the_house_have_no_price(fortnight: Simulated) -> None:
    open_calls = fortnight.of["llm_call"].filter(pl.col("cost_usd").is_null() & ~pl.col("cache_hit"))
    left = PriceBook().priced(open_calls).filter(pl.col("cost_source") == "unpriced")
    assert left["model"].unique().to_list() == [UNPRICED_MODEL]


def test_answers_from_the_cache_come_at_once_and_cost_nothing(fortnight: Simulated) -> None:
    hits = fortnight.of["llm_call"].filter("cache_hit")
    others = fortnight.of["llm_call"].filter(~pl.col("cache_hit") & (pl.col("status") == "ok"))
    assert hits["cost_usd"].max() == 0
    assert hits["duration_ms"].quantile(0.99) < 0.2 * others["duration_ms"].median()  # pyright: ignore[reportOptionalOperand, reportOperatorIssue]


def test_fewer_come_back_after_a_week_than_the_day_after(fortnight: Simulated) -> None:
    days = fortnight.of["request"].select("user_id", day=pl.col("ts").dt.date()).unique()
    seen = days.with_columns(age=(pl.col("day") - pl.col("day").min().over("user_id")).dt.total_days())
    begin = min(days["day"].to_list())
    joined = pl.col("day").is_between(begin + timedelta(days=2), begin + timedelta(days=6))
    new = seen.filter((pl.col("age") == 0) & joined)
    ages = dict(seen.join(new, on="user_id", how="semi").group_by("age").len().iter_rows())
    assert ages[1] > 1.2 * ages[7]


def test_every_resolved_error_was_opened_before_and_is_resolved_once(fortnight: Simulated) -> None:
    errors = fortnight.of["error"]
    opened = errors.filter(pl.col("status") == "open").select("error_id", since="ts", how="severity")
    solved = errors.filter(pl.col("status") == "resolved").join(opened, on="error_id", how="left")
    assert solved["error_id"].n_unique() == solved.height
    assert solved.filter(pl.col("since").is_null() | (pl.col("since") > pl.col("ts"))).is_empty()
    assert solved.filter(pl.col("severity") != pl.col("how")).is_empty()


def test_what_people_say_is_of_the_mood_that_they_are_in(fortnight: Simulated) -> None:
    said = fortnight.of["feedback"].drop_nulls("comment")
    moods = dict(said.group_by("comment").agg(pl.col("sentiment").unique()).iter_rows())
    assert len(moods) == 6
    assert {comment: len(mood) for comment, mood in moods.items()} == dict.fromkeys(moods, 1)
    assert moods["The summary missed the point"] == ["negative"]
