"""What could be saved, of calls whose cost is known to the cent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine
from metrics.events.pricing import OwnPrice, PriceBook
from metrics.insights.savings import Saving, Savings, savings
from metrics.settings import Settings
from tests.metrics.engine.stored import store

END = datetime(2026, 3, 31, tzinfo=UTC)
FIRST = END - timedelta(days=20)
PRICES = PriceBook(
    tuple(
        OwnPrice.model_validate({"match": {"model": model}, "input": rate, "output": rate})
        for model, rate in (("large", 10.0), ("small", 1.0), ("poor", 0.5))
    )
)


def calls(model: str, count: int, cost: float, **more: object) -> pl.DataFrame:
    """Calls of a feature, of 1,000 tokens in and none out, an hour after the other."""
    given: dict[str, object] = {
        "ts": [FIRST + timedelta(hours=n) for n in range(count)], "provider": "us", "model": model, "feature": "chat",
        "status": "ok", "input_tokens": 1_000, "output_tokens": 0, "cost_usd": cost,
        "prompt_id": [f"{model}-{n}" for n in range(count)], **more,
    }  # fmt: skip
    return pl.DataFrame(given).with_columns(event_id=pl.concat_str(pl.lit(model), pl.int_range(pl.len())))


def scores(model: str, count: int, score: float) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ts": [FIRST + timedelta(hours=n) for n in range(count)],
            "event_id": [f"{model}-{n}" for n in range(count)],
            "prompt_id": [f"{model}-{n}" for n in range(count)],
            "quality_score": [score + (n % 3 - 1) for n in range(count)],
        }
    )


def found(home: Path, events: list[pl.DataFrame], prompts: list[pl.DataFrame]) -> Savings:
    store(home, "llm_call", pl.concat(events, how="diagonal_relaxed"))
    if prompts:
        store(home, "prompt", pl.concat(prompts))
    return savings(Engine(Settings(home=home)), PRICES, END)


def of(found: Savings, kind: str) -> list[Saving]:
    return [one for one in found.found if one.kind == kind]


def test_failed_calls_cost_what_was_paid_for_them(tmp_path: Path) -> None:
    told = found(tmp_path, [calls("large", 40, 0.5, status=["timeout"] * 10 + ["ok"] * 30)], [])
    (one,) = of(told, "failed calls")
    assert (one.monthly, one.calls, one.model) == (pytest.approx(5.0), 10, "large")
    assert "10 calls (25.0 %)" in one.basis
    assert told.spent == pytest.approx(20.0)


def test_prompts_that_were_repeated_on_a_day_cost_all_but_the_first(tmp_path: Path) -> None:
    entries = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
    attributes = pl.Series([[{"key": "prompt_hash", "value": "a"}]] * 48, dtype=entries)
    told = found(tmp_path, [calls("large", 48, 0.5).with_columns(attributes=attributes)], [])
    (one,) = of(told, "repeated prompts")
    assert (one.calls, one.monthly) == (46, pytest.approx(23.0))
    assert not any("fingerprint" in remark for remark in told.remarks)


def test_a_cheaper_model_is_told_where_its_scores_are_as_good(tmp_path: Path) -> None:
    events = [calls("large", 400, 0.01), calls("small", 400, 0.001), calls("poor", 400, 0.0005)]
    told = found(tmp_path, events, [scores("large", 60, 80), scores("small", 60, 80), scores("poor", 60, 60)])
    (one,) = of(told, "cheaper model")
    assert (one.model, one.feature) == ("large", "chat")
    assert one.monthly == pytest.approx(400 * (0.01 - 0.001))
    assert "with small for the same tokens: quality 80.0 against 80.0" in one.basis


def lengths(count: int, *long: int) -> list[int]:
    """Tokens of so many answers of 100 to 199 tokens, the last ones long."""
    return [100 + n % 100 for n in range(count - len(long))] + list(long)


@pytest.mark.parametrize(
    ("tokens", "cost", "monthly"),
    [
        (lengths(200, *(200_000,) * 5), 5.0, 5 * (200_000 - 195.05) * 10 / 1e6),  # dollars of the price list
        (lengths(200, *(200_000,) * 5), 0.5, 2.5),  # never more than these words cost
        (lengths(200, *(250,) * 10), 5.0, None),  # not far longer
        (lengths(90, *(200_000,) * 2), 5.0, None),  # too few to say what is usual
        (lengths(200, *(20_000,) * 4), 5.0, None),  # less than a dollar
    ],
)
def test_output_far_beyond_what_is_usual_could_be_limited(
    tmp_path: Path, tokens: list[int], cost: float, monthly: float | None
) -> None:
    told = found(tmp_path, [calls("large", len(tokens), cost, output_tokens=tokens)], [])
    limits = of(told, "output limits")
    assert [one.monthly for one in limits] == ([] if monthly is None else [pytest.approx(monthly, rel=0.02)])
    if limits:
        assert limits[0].basis.startswith("at most, by a limit of 194 tokens, which 95 of 100 answers keep to")


def test_a_feature_that_no_interaction_names_is_idle_and_its_dollars_are_told_once(tmp_path: Path) -> None:
    failing = ["error"] * 10 + ["ok"] * 190
    longest = lengths(200, *(400_000,) * 5)
    events = [
        calls("large", 200, 0.5, feature="ghost", status=failing, output_tokens=longest),
        calls("poor", 200, 0.5, feature="program", user_id=[f"u{n % 10}" for n in range(200)]),
        calls("small", 200, 0.5, output_tokens=longest),
    ]
    seen = pl.DataFrame({"ts": [END - timedelta(days=31), END - timedelta(days=1)], "event_id": ["1", "2"],
                         "user_id": "u", "feature": "chat", "action": "click", "page": "/"})  # fmt: skip
    store(tmp_path, "interaction", seen)
    told = found(tmp_path, events, [])
    (one,) = of(told, "idle features")
    assert (one.feature, one.calls, one.monthly) == ("ghost", 190, pytest.approx(95.0))
    assert "no interaction named it while calls of no users went on: at most so much" in one.basis
    assert {(one.kind, one.feature) for one in told.found} == {
        ("idle features", "ghost"), ("failed calls", None), ("output limits", "chat"),
    }  # fmt: skip
    assert told.total == pytest.approx(95 + 5 + 5 * (400_000 - 195) * 1 / 1e6, rel=1e-2)
    assert told.total <= told.spent


def test_a_feature_to_which_nobody_comes_back_is_idle(tmp_path: Path) -> None:
    once = calls("large", 200, 0.5, user_id=[f"u{n}" for n in range(200)])
    daily = calls("small", 200, 0.5, feature="mail", user_id=[f"v{n // 24 % 2}{n % 12}" for n in range(200)])
    told = found(tmp_path, [once, daily.with_columns(ts=pl.col("ts"))], [])
    (one,) = of(told, "idle features")
    assert one.feature == "chat"
    assert "0.0 % of" in one.basis


def months(now: pl.DataFrame, before: pl.DataFrame) -> list[pl.DataFrame]:
    """Calls of these thirty days, of those before, and one far before them."""
    ago = before.with_columns(pl.col("ts") - timedelta(days=30), event_id=pl.lit("ago-") + pl.col("event_id"))
    first = ago.head(1).with_columns(pl.lit(END - timedelta(days=61)).alias("ts"), event_id=pl.lit("first"))
    return [now, ago, first]


def failed(count: int, of: int, **more: object) -> pl.DataFrame:
    return calls("large", of, 0.5, status=["error"] * count + ["ok"] * (of - count), **more)


LONG = lengths(200, *(200_000,) * 5)
SHORT = lengths(200, *(200,) * 5)


@pytest.mark.parametrize(
    ("now", "before", "saved"),
    [
        (failed(10, 100), failed(40, 100), 15.0),
        (failed(20, 200), failed(40, 100), 10.0),  # of more calls, no more than was wasted
        (failed(10, 50), failed(40, 100), 5.0),  # of half the calls, half would have failed
        (failed(40, 100), failed(40, 100), None),
        (failed(37, 100), failed(40, 100), None),  # as chance has it
        (failed(60, 100), failed(40, 100), None),
        (calls("large", 200, 5.0, output_tokens=SHORT), calls("large", 200, 5.0, output_tokens=LONG), 9.99),
        (calls("large", 200, 5.0, output_tokens=LONG), calls("large", 200, 5.0, output_tokens=LONG), None),
    ],
)
def test_what_was_saved_is_measured_against_the_month_before(
    tmp_path: Path, now: pl.DataFrame, before: pl.DataFrame, saved: float | None
) -> None:
    told = found(tmp_path, months(now, before), [])
    assert [one.monthly for one in told.saved] == ([] if saved is None else [pytest.approx(saved, rel=2e-3)])
    assert told.less == pytest.approx(saved or 0.0, rel=2e-3)


def test_what_is_wasted_in_another_way_is_not_saved(tmp_path: Path) -> None:
    told = found(tmp_path, months(calls("large", 200, 5.0, output_tokens=LONG), failed(40, 200)), [])
    assert [one.kind for one in told.saved] == ["failed calls"]
    assert [one.kind for one in told.found] == ["output limits"]
    assert told.less == pytest.approx(20 - told.total, abs=0.01)


def test_a_dearer_model_that_is_used_less_was_saved(tmp_path: Path) -> None:
    now = [calls("large", 100, 0.01), calls("small", 480, 0.001)]
    before = [calls("large", 300, 0.01), calls("small", 280, 0.001)]
    joined = months(*(pl.concat(some).with_columns(event_id=pl.format("{}-{}", "model", pl.int_range(pl.len())))
                      for some in (now, before)))  # fmt: skip
    prompts = [scores(model, 60, 80) for model in ("large", "small")]
    ago = [
        one.with_columns(pl.col("ts") - timedelta(days=30), event_id=pl.lit("ago-") + pl.col("event_id"))
        for one in prompts
    ]
    told = found(tmp_path, joined, [*prompts, *ago])
    (one,) = told.saved
    assert (one.kind, one.before, one.now) == ("cheaper model", pytest.approx(2.7), pytest.approx(0.9))
    assert one.monthly == pytest.approx(1.8)


def test_few_scores_are_no_comparison(tmp_path: Path) -> None:
    events = [calls("large", 400, 0.01), calls("small", 400, 0.001)]
    told = found(tmp_path, events, [scores("large", 60, 80), scores("small", 10, 80)])
    assert of(told, "cheaper model") == []


def test_what_cannot_be_looked_for_is_said(tmp_path: Path) -> None:
    told = found(tmp_path, [calls("large", 40, 0.5)], [])
    assert told.found == ()
    assert [remark.split(":")[0] for remark in told.remarks] == [
        "repeated prompts cannot be told", "cheaper models are not compared",
        "features that nobody uses cannot be told", "what was saved cannot be told yet",
    ]  # fmt: skip


def test_a_home_without_calls_has_nothing_to_save(tmp_path: Path) -> None:
    assert savings(Engine(Settings(home=tmp_path)), PRICES, END) == Savings((), 0.0, ())
