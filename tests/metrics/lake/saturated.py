"""Events of which every minute has all there is to tell apart, so that more of them bring nothing new."""

from datetime import UTC, datetime

import polars as pl

DAY = datetime(2026, 3, 2, tzinfo=UTC)
"""The day on which they lie."""
COMBINATIONS = 8
"""Of values, of every one of which each minute has some."""
_MINUTES = 24 * 60


def saturated(times: int) -> pl.DataFrame:
    """One day of events with the columns of all kinds: in each minute `times` of each combination of values.

    How long something took, and what it cost, is another value of each combination; ids and sessions are of one event.
    """
    number = pl.int_range(_MINUTES * COMBINATIONS * times)
    minute, place = number // (COMBINATIONS * times), number % (COMBINATIONS * times)
    combination = number % COMBINATIONS
    first, second, third = (combination // factor % 2 for factor in (1, 2, 4))
    return pl.select(
        ts=pl.lit(DAY) + pl.duration(minutes=minute, microseconds=place * 60_000_000 // (COMBINATIONS * times)),
        event_id=pl.format("e-{}", number),
        request_id=pl.format("r-{}", number),
        session_id=pl.format("s-{}", number),
        user_id=pl.format("u-{}", third),
        endpoint=pl.format("/orders/{}", first),
        page=pl.format("Page {}", first),
        provider=pl.format("provider-{}", second),
        model=pl.format("model-{}", second),
        region=pl.format("region-{}", third),
        feature=pl.format("feature-{}", first),
        status_code=200 + 300 * first,
        duration_ms=(10 + combination * 10).cast(pl.Float64),
        time_to_first_token_ms=(1 + combination).cast(pl.Float64),
        input_tokens=100 + combination,
        output_tokens=10 + combination,
        cost_usd=(1 + combination) / 1000,
        status=pl.lit("ok"),
        action=pl.lit("page_view"),
        name=pl.lit("lcp"),
        value=(1_000 + combination).cast(pl.Float64),
    )
