"""What calls cost: against what the price list's own calculation says, and against a home's `prices.yaml` by hand."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from genai_prices import Usage, calc_price
from genai_prices.types import ModelInfo, PriceCalculation
from hypothesis import given
from hypothesis import strategies as st

from metrics.events import KINDS
from metrics.events.pricing import PriceBook, PriceError

MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
MODELS = (
    ("openai", "gpt-4o"), ("openai", "gpt-4.1-mini"), ("openai", "o3"), ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-pro"), ("google", "gemini-2.5-flash"),
    ("mistral", "mistral-large-latest"), ("cohere", "command-r-plus"), ("deepseek", "deepseek-chat"),
    ("groq", "llama-3.3-70b-versatile"), ("x-ai", "grok-4"), ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ("openrouter", "anthropic/claude-sonnet-4.5"),
)  # fmt: skip
EVERY_MODEL = pytest.mark.parametrize(("provider", "model"), MODELS)
ACME = "- match: {provider: acme, model: 'acme-*'}\n  input: 2\n  output: 10\n"


def calls(*rows: dict[str, Any]) -> pl.DataFrame:
    """Events of calls: of gpt-4o in May, unless said otherwise."""
    usual = {"ts": MAY, "provider": "openai", "model": "gpt-4o"}
    return pl.DataFrame([{**usual, **row} for row in rows], schema=KINDS["llm_call"].schema)


def priced(book: PriceBook | None = None, **columns: Any) -> tuple[float | None, str]:
    """Cost of one call, and where it comes from."""
    row = (book or PriceBook()).priced(calls(columns)).row(0, named=True)
    return row["cost_usd"], row["cost_source"]


def listed(
    provider: str, model: str, read: int, cached: int, cache_write: int, output: int, at: datetime = MAY
) -> float:
    """What the price list's own calculation says."""
    # It can name no tokens of a sort that a model does not charge apart, so none are left out.
    usage = Usage(
        input_tokens=read,
        cache_read_tokens=cached or None,
        cache_write_tokens=cache_write or None,
        output_tokens=output,
    )
    return float(calc_price(usage, model, provider_id=provider, genai_request_timestamp=at).total_price)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a home has its prices."""
    return tmp_path / "prices.yaml"


@pytest.fixture
def book(path: Path) -> Callable[[str], PriceBook]:
    """The prices that a text makes."""

    def load(text: str) -> PriceBook:
        path.write_text(text, encoding="utf-8")
        return PriceBook.load(path)

    return load


Book = Callable[[str], PriceBook]


@EVERY_MODEL
@pytest.mark.parametrize(
    "tokens",
    [
        (1000, 0, 0, 100), (1000, 400, 0, 100), (1000, 400, 100, 50), (1000, 1000, 0, 0), (0, 0, 0, 7),
        (300_000, 0, 0, 9),
    ],
    ids=str,
)  # fmt: skip
def test_a_call_costs_what_the_price_list_says(provider: str, model: str, tokens: tuple[int, int, int, int]) -> None:
    read, cached, cache_write, output = tokens
    cost, source = priced(
        provider=provider, model=model, input_tokens=read, cached_input_tokens=cached,
        cache_write_tokens=cache_write, output_tokens=output,
    )  # fmt: skip
    assert cost == pytest.approx(listed(provider, model, *tokens), rel=1e-12)
    assert source == "priced"


@given(
    read=st.integers(0, 2_000_000), output=st.integers(0, 200_000),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)), which=st.sampled_from(MODELS),
)  # fmt: skip
def test_any_call_costs_what_the_price_list_says(
    read: int, output: int, shares: tuple[float, float], which: tuple[str, str]
) -> None:
    cached = int(read * shares[0])
    written = int((read - cached) * shares[1])
    cost, _ = priced(
        provider=which[0], model=which[1], input_tokens=read, cached_input_tokens=cached,
        cache_write_tokens=written, output_tokens=output,
    )  # fmt: skip
    assert cost == pytest.approx(listed(*which, read, cached, written, output), rel=1e-9, abs=1e-15)


def test_a_call_of_a_well_known_model_costs_what_its_provider_asks() -> None:
    # gpt-4o: 2.50 USD a million tokens read, 1.25 from the cache, 10 written.
    cost, _ = priced(input_tokens=1_000_000, cached_input_tokens=400_000, output_tokens=100_000)
    assert cost == pytest.approx(0.6 * 2.50 + 0.4 * 1.25 + 0.1 * 10)


@pytest.mark.parametrize("read", [200_000, 200_001])
def test_beyond_a_threshold_the_whole_call_has_the_higher_price(read: int) -> None:
    cost, _ = priced(provider="anthropic", model="claude-sonnet-4-5", input_tokens=read, output_tokens=1000)
    assert cost == pytest.approx(listed("anthropic", "claude-sonnet-4-5", read, 0, 0, 1000))
    assert cost == pytest.approx((3 if read == 200_000 else 6) * read / 1e6 + (15 if read == 200_000 else 22.5) / 1e3)


def test_reasoning_is_part_of_the_output_and_not_priced_again() -> None:
    plain = priced(model="o3", input_tokens=10, output_tokens=100)
    assert priced(model="o3", input_tokens=10, output_tokens=100, reasoning_tokens=90) == plain


CHANGED = (
    ("mistral", "ministral-8b-latest", datetime(2025, 12, 2, tzinfo=UTC), (1000, 0, 0, 100), (110e-6, 165e-6)),
    ("deepseek", "deepseek-v4-flash", datetime(2026, 8, 17, tzinfo=UTC), (1000, 0, 0, 100), (168e-6, 286e-6)),
    ("anthropic", "claude-opus-4-6", datetime(2026, 3, 13, tzinfo=UTC), (300_000, 0, 0, 0), (3.0, 1.5)),
)
"""Models whose price changed: when, tokens of a call, and its cost before and after."""


@pytest.mark.parametrize(("provider", "model", "since", "tokens", "costs"), CHANGED)
def test_a_call_has_the_price_of_its_own_time(
    provider: str, model: str, since: datetime, tokens: tuple[int, int, int, int], costs: tuple[float, float]
) -> None:
    times = [since - timedelta(microseconds=1), since]
    rows = [
        {"ts": at, "provider": provider, "model": model, "input_tokens": tokens[0], "output_tokens": tokens[3]}
        for at in times
    ]
    found = PriceBook().priced(calls(*rows))["cost_usd"].to_list()
    assert found == pytest.approx(list(costs))
    assert found == pytest.approx([listed(provider, model, *tokens, at=at) for at in times])


def test_a_call_has_the_price_of_its_hour_of_the_day() -> None:
    # DeepSeek asks half of it from 16:30 to 0:30 UTC.
    rows = [
        {"ts": MAY.replace(hour=hour), "provider": "deepseek", "model": "deepseek-chat", "input_tokens": 1_000_000}
        for hour in (12, 20)
    ]
    assert PriceBook().priced(calls(*rows))["cost_usd"].to_list() == pytest.approx([0.27, 0.135])


@pytest.mark.parametrize(
    ("provider", "model", "like"),
    [
        ("openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o")), ("OpenAI", "gpt-4o", ("openai", "gpt-4o")),
        (None, "gpt-4o", ("openai", "gpt-4o")), (None, "openai/gpt-4o", ("openai", "gpt-4o")),
        ("anthropic", "claude-sonnet-4-5-20250929", ("anthropic", "claude-sonnet-4-5")),
        ("gcp.gemini", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("vertex_ai", "projects/p/locations/l/publishers/google/models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("mistral_ai", "mistral-large-latest", ("mistral", "mistral-large-latest")),
    ],
)  # fmt: skip
def test_a_listed_model_is_known_by_its_other_names(provider: str | None, model: str, like: tuple[str, str]) -> None:
    cost = priced(provider=provider, model=model, input_tokens=1000, output_tokens=100)
    assert cost == (pytest.approx(listed(*like, 1000, 0, 0, 100)), "priced")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "house-tuned-7b"), ("acme", "gpt-4o"), ("openai", "gpt-4o-exp"), ("openai", "my-gpt-4o"),
        ("google", "gemini-2.5-pro-exp"), ("openai", "gpt"), ("openai", ""), ("", ""), (None, "nothing of the kind"),
        (None, None), ("openai", None), ("openai", "💸" * 1000),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_model_that_is_not_listed_is_unpriced(provider: str | None, model: str | None) -> None:
    assert priced(provider=provider, model=model, input_tokens=1000, output_tokens=100) == (None, "unpriced")


def test_a_call_whose_tokens_nobody_counted_is_unpriced() -> None:
    assert priced() == (None, "unpriced")


@pytest.mark.parametrize(
    "columns", [{"input_tokens": 0}, {"output_tokens": 0}, {"input_tokens": 0, "output_tokens": 0}]
)
def test_a_call_of_no_tokens_costs_nothing(columns: dict[str, Any]) -> None:
    assert priced(**columns) == (0, "priced")


def test_a_call_of_one_sort_of_tokens_is_priced_by_them() -> None:
    assert priced(output_tokens=100) == (pytest.approx(1e-3), "priced")
    assert priced(input_tokens=1000) == (pytest.approx(2.5e-3), "priced")


def test_an_answer_from_a_local_cache_costs_nothing() -> None:
    assert priced(input_tokens=1000, output_tokens=100, cache_hit=True) == (0, "priced")


@pytest.mark.parametrize("cost", [0.0, 1e-9, 0.123, 1e6])
@pytest.mark.parametrize("model", ["gpt-4o", "house-tuned-7b", None])
@pytest.mark.parametrize("cache_hit", [True, None])
def test_a_reported_cost_stands(cost: float, model: str | None, cache_hit: bool | None) -> None:
    columns: dict[str, Any] = {"model": model, "cost_usd": cost, "cache_hit": cache_hit, "input_tokens": 1000}
    assert priced(**columns) == (cost, "reported")


def test_a_reported_cost_keeps_the_source_it_came_with() -> None:
    assert priced(cost_usd=0.5, cost_source="priced") == (0.5, "priced")


def test_pricing_changes_nothing_else_and_keeps_the_order() -> None:
    rows = [
        {"event_id": str(number), "model": model, "input_tokens": number, "attributes": {"n": str(number)}}
        for number, model in enumerate(["gpt-4o", "house-tuned-7b", "gpt-4.1-mini", None, "gpt-4o"] * 3)
    ]
    before = calls(*rows)
    after = PriceBook().priced(before)
    assert after.schema == before.schema
    assert after.drop("cost_usd", "cost_source").equals(before.drop("cost_usd", "cost_source"))


def test_no_calls_cost_nothing() -> None:
    assert PriceBook().priced(calls()).schema == KINDS["llm_call"].schema


def test_models_of_several_tiers_and_of_one_are_priced_together() -> None:
    rows = [
        {"provider": provider, "model": model, "input_tokens": 250_000, "output_tokens": 10}
        for provider, model in MODELS
    ]
    found = PriceBook().priced(calls(*rows))["cost_usd"].to_list()
    assert found == pytest.approx([listed(*which, 250_000, 0, 0, 10) for which in MODELS])


def test_a_homes_own_price_prices_its_model(book: Book) -> None:
    cost = priced(book(ACME), provider="acme", model="acme-7b", input_tokens=1_000_000, output_tokens=100_000)
    assert cost == (pytest.approx(2 + 1), "priced")


def test_a_homes_own_price_goes_before_the_list(book: Book) -> None:
    own = book("- match: {model: gpt-4o}\n  input: 100\n  output: 0\n")
    assert priced(own, input_tokens=10_000, output_tokens=10_000)[0] == pytest.approx(1)
    assert priced(own, model="gpt-4.1-mini", input_tokens=1000)[0] == pytest.approx(0.4e-3)


@pytest.mark.parametrize(("provider", "model"), [("other", "acme-7b"), ("acme", "7b"), (None, "acme-7b")])
def test_a_homes_own_price_is_for_what_it_matches_only(book: Book, provider: str | None, model: str) -> None:
    assert priced(book(ACME), provider=provider, model=model, input_tokens=1) == (None, "unpriced")


def test_a_price_without_provider_is_for_every_provider(book: Book) -> None:
    own = book("- match: {model: acme-7b}\n  input: 1\n  output: 1\n")
    for provider in ("acme", "other", None):
        assert priced(own, provider=provider, model="acme-7b", input_tokens=1_000_000)[0] == pytest.approx(1)


def test_the_first_of_two_prices_that_fit_wins(book: Book) -> None:
    own = book(ACME + ACME.replace("input: 2", "input: 5"))
    assert priced(own, provider="acme", model="acme-7b", input_tokens=1_000_000)[0] == pytest.approx(2)


def test_tokens_of_caches_cost_as_input_unless_said(book: Book) -> None:
    tokens = {"provider": "acme", "model": "acme-7b", "input_tokens": 1_000_000, "cached_input_tokens": 500_000,
              "cache_write_tokens": 100_000}  # fmt: skip
    assert priced(book(ACME), **tokens)[0] == pytest.approx(2)
    own = book(ACME + "  cached_input: 0.2\n  cache_write: 3\n")
    assert priced(own, **tokens)[0] == pytest.approx(0.4 * 2 + 0.5 * 0.2 + 0.1 * 3)


@pytest.mark.parametrize(("read", "cost"), [(1000, 0.002), (1001, 1.001 * 4e-3), (5000, 0.02), (5001, 5.001 * 6e-3)])
def test_a_homes_own_tiers_price_the_whole_call(book: Book, read: int, cost: float) -> None:
    # The second stands first: tiers are taken by their threshold, not by their place.
    own = book(ACME + "  tiers: [{above: 5000, input: 6, output: 0}, {above: 1000, input: 4, output: 0}]\n")
    assert priced(own, provider="acme", model="acme-7b", input_tokens=read)[0] == pytest.approx(cost)


def test_the_latest_price_in_force_at_the_calls_time_is_taken(book: Book) -> None:
    changes = [(None, 1), ("2026-01-01T00:00:00Z", 2), ("2026-05-01T02:00:00+02:00", 3)]
    own = book(
        "".join(
            f"- match: {{model: acme}}\n  input: {price}\n  output: 0\n" + (f"  from: {since}\n" if since else "")
            for since, price in changes
        )
    )
    midnights = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)]
    times = [at - ago for at in midnights for ago in (timedelta(hours=1), timedelta())]
    rows = [{"ts": at, "provider": None, "model": "acme", "input_tokens": 1_000_000} for at in times]
    assert own.priced(calls(*rows))["cost_usd"].to_list() == pytest.approx([1, 2, 2, 3])


def test_before_a_homes_own_price_is_in_force_the_list_is_taken(book: Book) -> None:
    own = book("- match: {model: gpt-4o}\n  from: 2026-06-01T00:00:00Z\n  input: 100\n  output: 100\n")
    assert priced(own, input_tokens=1000)[0] == pytest.approx(2.5e-3)


def test_a_homes_own_price_does_not_touch_a_reported_cost(book: Book) -> None:
    assert priced(book(ACME), provider="acme", model="acme-7b", input_tokens=1000, cost_usd=7.0) == (7, "reported")


def test_prices_that_changed_are_read_anew(book: Book) -> None:
    call = {"provider": "acme", "model": "acme-7b", "input_tokens": 1_000_000}
    assert priced(book(ACME), **call)[0] == pytest.approx(2)
    assert priced(book(ACME.replace("input: 2", "input: 3")), **call)[0] == pytest.approx(3)


@pytest.mark.parametrize("text", ["", "# none yet\n", "[]"])
def test_a_file_that_says_nothing_is_no_price(book: Book, text: str) -> None:
    assert book(text).own == ()


def test_a_file_that_is_not_there_is_no_price(path: Path) -> None:
    assert PriceBook.load(path).own == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("match: {model: m}\n", "line 1: expected a list, each entry beginning with `- match:`"),
        ("- acme\n", "line 1: the entry: expected keys and values"),
        ("- match: acme\n  input: 1\n  output: 1\n", "line 1: match: expected keys and values"),
        ("- match: {provider: acme}\n  input: 1\n  output: 1\n", "line 1: match.model: is missing"),
        ("- match: {modl: acme}\n  input: 1\n  output: 1\n", "line 1: match.model: is missing"),
        ("- match: {model: acme, regn: eu}\n  input: 1\n  output: 1\n",
         "line 1: match.regn: is not known"),
        ("- match: {model: acme}\n  input: 1\n", "line 1: output: is missing"),
        (ACME + "  cashed_input: 1\n", "line 4: cashed_input: is not known; the nearest is 'cached_input'"),
        (ACME + "- match: {model: b}\n  input: -1\n  output: 1\n",
         "line 5: input: must be greater than or equal to 0"),
        (ACME.replace("output: 10", "output: much"), "line 3: output: must be a valid number"),
        (ACME + "  from: 2026-01-01\n",
         "line 4: from: expected a time with its zone, such as 2026-01-01T00:00:00Z"),
        (ACME + "  from: soon\n", "line 4: from: must be a valid datetime"),
        (ACME + "  tiers: {above: 1, input: 1, output: 1}\n", "line 4: tiers: expected a list, such as [a, b]"),
        (ACME + "  tiers:\n    - {above: 1, input: 1, output: 1}\n    - {above: 2, input: 1}\n",
         "line 6: tiers.1.output: is missing"),
        (ACME + "  tiers: [{above: -1, input: 1, output: 1}]\n",
         "line 4: tiers.0.above: must be greater than or equal to 0"),
        (ACME + "  input: 5\n", "line 4: input: is given twice"),
        ("- match: {model: [a\n", "line 2: not YAML: "),
        ("- match: !!python/name:os.system\n", "line 1: not YAML: could not determine a constructor"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_line_and_key(book: Book, path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PriceError, match="^" + re.escape(f"{path}, {sentence}")):
        book(text)


def test_bytes_that_are_no_text_are_told_with_the_file(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PriceError, match=re.escape(f"{path}: cannot be read: ")):
        PriceBook.load(path)


def test_a_price_of_the_list_changes_within_the_hour_when_it_does() -> None:
    cost = priced(ts=MAY.replace(hour=0, minute=45), provider="deepseek", model="deepseek-chat", input_tokens=1_000_000)
    assert cost == (pytest.approx(0.27), "priced")


def test_a_price_of_ones_own_changes_at_the_minute_it_names(book: Callable[[str], PriceBook]) -> None:
    later = ACME.replace("input: 2", "input: 4") + "  from: 2026-05-01T12:10:00Z\n"
    prices = book(ACME + later)
    asked = {"provider": "acme", "model": "acme-1", "input_tokens": 1_000_000}
    assert [priced(prices, ts=MAY + timedelta(minutes=minute), **asked)[0] for minute in (9, 10)] == [2, 4]


def test_the_first_entry_that_fits_wins_over_a_later_dated_one(book: Callable[[str], PriceBook]) -> None:
    special = ACME.replace("acme-*", "acme-special").replace("input: 2", "input: 1")
    prices = book(special + ACME + "  from: 2026-01-01T00:00:00Z\n")
    assert priced(prices, provider="acme", model="acme-special", input_tokens=1_000_000)[0] == 1


@pytest.mark.parametrize("rate", ["cached_input: -1", "cache_write: -1", "cached_input: .inf"])
def test_a_price_that_is_none_is_refused(book: Callable[[str], PriceBook], rate: str) -> None:
    with pytest.raises(PriceError, match=r"line 4: " + rate.split(":")[0]):
        book(f"{ACME}  {rate}\n")


def saved(**columns: Any) -> float | None:
    """What a call would have cost more without a cache."""
    return PriceBook().priced(calls(columns)).row(0, named=True)["cache_savings_usd"]


def test_tokens_read_from_a_cache_save_the_difference_to_fresh_ones() -> None:
    tokens = {"input_tokens": 1000, "cached_input_tokens": 400, "output_tokens": 50}
    whole = listed("openai", "gpt-4o", 1000, 0, 0, 50)
    assert saved(**tokens) == pytest.approx(whole - listed("openai", "gpt-4o", 1000, 400, 0, 50))
    assert saved(**tokens, cost_usd=0.5) == pytest.approx(whole - listed("openai", "gpt-4o", 1000, 400, 0, 50))


def test_a_local_cache_saves_the_whole_call() -> None:
    assert saved(input_tokens=1000, output_tokens=50, cache_hit=True) == pytest.approx(
        listed("openai", "gpt-4o", 1000, 0, 0, 50)
    )


@pytest.mark.parametrize(
    "columns",
    [
        {"input_tokens": 1000, "output_tokens": 50},
        {"input_tokens": 1000, "cached_input_tokens": 400, "model": "nobody-knows"},
        {"input_tokens": 1000, "cached_input_tokens": 400, "model": None},
    ],
)
def test_without_a_cache_or_a_price_nothing_is_said_to_be_saved(columns: dict[str, Any]) -> None:
    assert saved(**columns) is None


def test_savings_that_a_source_reports_stand() -> None:
    assert saved(input_tokens=1000, cached_input_tokens=400, cache_savings_usd=7.0) == 7.0


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3), ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.0), ("anthropic.claude-3-haiku-20240307-v1:0", 0.25),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", 0.25),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3),
        ("my-anthropic.claude-3-haiku-20240307-v1:0", None), ("anthropic.claude-3-haiku-20240307-tuned", None),
    ],
)  # fmt: skip
def test_models_of_bedrock_are_priced_with_and_without_where_they_are_served(
    model: str, expected: float | None
) -> None:
    rates = PriceBook().rates("aws.bedrock", model, datetime(2026, 5, 1, tzinfo=UTC))
    assert (rates[0].input if rates else None) == expected


def test_a_price_that_changes_is_told_with_its_half_hour(path: Path) -> None:
    path.write_text(
        ACME + ACME.replace("input: 2", "from: 2026-05-03T10:30:00Z\n  input: 4").replace("output: 10", "output: 20")
    )
    book = PriceBook.load(path)
    ((at, before, now),) = book.changes("acme", "acme-1", MAY, MAY + timedelta(days=7))
    assert at == datetime(2026, 5, 3, 10, 30, tzinfo=UTC)
    assert (before[0].input, now[0].input, now[0].output) == (2, 4, 20)
    assert list(book.changes("acme", "acme-1", at, MAY + timedelta(days=7))) == []
    assert list(book.changes("acme", "unknown", MAY, MAY + timedelta(days=7))) == []


def test_what_a_price_of_the_list_comes_to_is_asked_once_however_many_half_hours_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[datetime | None] = []
    calculated = ModelInfo.calc_price

    def counted(model: ModelInfo, *arguments: Any, genai_request_timestamp: datetime | None = None) -> PriceCalculation:
        asked.append(genai_request_timestamp)
        return calculated(model, *arguments, genai_request_timestamp=genai_request_timestamp)

    monkeypatch.setattr(ModelInfo, "calc_price", counted)
    rates = {PriceBook().rates("openai", "o3-2025-04-16", MAY + timedelta(minutes=30) * step) for step in range(99)}
    assert len(rates) == len(asked) == 1
