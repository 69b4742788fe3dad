"""What calls cost in files that do not say it in dollars: read by what names say, asked about where prices speak."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became

CALLS = 12
INPUT = [1000 + 100 * number for number in range(CALLS)]
DOLLARS = [tokens * 2.5e-6 + 100 * 10e-6 for tokens in INPUT]
"""What gpt-4o costs by its list prices, with 100 tokens of output."""


def calls(folder: Path, name: str, costs: Sequence[float], *, model: str = "gpt-4o") -> Path:
    """A file of calls, with a column of what they cost under that name."""
    path = folder / "calls.csv"
    pl.DataFrame(
        {
            "timestamp": [f"2026-05-01T10:{number:02d}:00Z" for number in range(CALLS)],
            "model": model,
            "input_tokens": INPUT,
            "output_tokens": 100,
            name: costs,
        }
    ).write_csv(path, float_precision=10)
    return path


def cost(file: Became) -> float:
    return float(file.events["llm_call"]["cost_usd"].sum())


def sources(file: Became) -> set[str]:
    return set(file.events["llm_call"]["cost_source"])


@pytest.mark.parametrize(
    ("name", "times"),
    [("cost_cents", 100), ("total_cost_in_cents", 100), ("costMicros", 1e6), ("spend", 1), ("total_cost_usd", 1),
     ("llm_spend_usd", 1)],
)  # fmt: skip
def test_a_name_that_speaks_of_nothing_but_the_cost_is_it_in_the_unit_it_says(
    name: str, times: float, tmp_path: Path
) -> None:
    file = became(calls(tmp_path, name, [dollars * times * 3 for dollars in DOLLARS]))
    assert cost(file) == pytest.approx(3 * sum(DOLLARS))
    assert sources(file) == {"reported"}
    assert f"cost_usd is read from `{name}`" in " ".join(file.notes)
    assert not file.questions


@pytest.mark.parametrize("name", ["cost_per_token", "input_cost", "cost_center", "budget_spend_limit", "price"])
def test_a_name_that_speaks_of_more_is_no_cost(name: str, tmp_path: Path) -> None:
    file = became(calls(tmp_path, name, [7.0] * CALLS))
    assert sources(file) == {"priced"}
    assert cost(file) == pytest.approx(sum(DOLLARS))


def test_a_cost_in_another_currency_is_not_read_and_how_to_read_it_is_told(tmp_path: Path) -> None:
    path = calls(tmp_path, "cost_eur", [dollars / 2 for dollars in DOLLARS])
    file = became(path)
    assert sources(file) == {"priced"}
    assert "`cost_eur` is not read" in " ".join(file.notes)
    rated = became(path, answers=Answers(rules={"cost_usd": {"from": "cost_eur", "factor": 1.08}}))
    assert cost(rated) == pytest.approx(0.54 * sum(DOLLARS))


def test_of_two_costs_none_is_taken(tmp_path: Path) -> None:
    path = calls(tmp_path, "spend", DOLLARS)
    pl.read_csv(path).with_columns(cost_cents=pl.lit(1.0)).write_csv(path)
    assert sources(became(path)) == {"priced"}


@pytest.mark.parametrize(("times", "unit", "factor"), [(100, "cents", 0.01), (1e6, "millionths of a dollar", 1e-6)])
def test_costs_that_are_all_a_hundred_times_the_list_price_are_asked_about(
    times: float, unit: str, factor: float, tmp_path: Path
) -> None:
    path = calls(tmp_path, "cost", [dollars * times * 0.9 for dollars in DOLLARS])
    (question,) = became(path).questions
    assert f"in dollars, or in {unit}?" in question.asks
    dollars, parts = (option.rules for option in question.options)
    assert dollars == {"cost_usd": {"factor": 1}}
    assert cost(became(path, answers=Answers(rules=parts))) == pytest.approx(0.9 * sum(DOLLARS))
    for said in (Answers(rules=dollars), Answers(yes=True)):
        file = became(path, answers=said)
        assert not file.questions
        assert cost(file) == pytest.approx(0.9 * times * sum(DOLLARS))
    assert parts == {"cost_usd": {"factor": factor}}


@pytest.mark.parametrize(
    "costs",
    [
        [dollars * 20 for dollars in DOLLARS],
        [0.35] * CALLS,
        [dollars * (100 if number % 2 else 3) for number, dollars in enumerate(DOLLARS)],
    ],
    ids=["dear", "invented", "one in two"],
)
def test_costs_that_may_be_dollars_are(costs: Sequence[float], tmp_path: Path) -> None:
    file = became(calls(tmp_path, "cost", costs))
    assert not file.questions
    assert cost(file) == pytest.approx(sum(costs))


def test_costs_of_a_model_without_a_price_are_believed(tmp_path: Path) -> None:
    file = became(calls(tmp_path, "cost", [dollars * 100 for dollars in DOLLARS], model="our-own-model"))
    assert not file.questions
    assert sources(file) == {"reported"}


def test_costs_that_are_all_0_are_asked_about(tmp_path: Path) -> None:
    path = calls(tmp_path, "cost", [0.0] * CALLS)
    (question,) = became(path).questions
    measured = [sources(became(path, answers=Answers(rules=option.rules))) for option in question.options]
    assert measured == [{"priced"}, {"reported"}]


@pytest.mark.parametrize(
    ("model", "costs"), [("gpt-4o", [0.0] * (CALLS - 1) + [0.01]), ("a-model-of-our-own", [0.0] * CALLS)]
)
def test_some_calls_and_those_of_models_without_a_price_may_cost_nothing(
    model: str, costs: Sequence[float], tmp_path: Path
) -> None:
    file = became(calls(tmp_path, "cost", costs, model=model))
    assert (file.questions, cost(file)) == ((), pytest.approx(sum(costs)))
