"""Questions about which features help: who takes them up, comes back with them, likes them, and what that costs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import polars as pl

from app import answers, wording
from app.queries.asking import Answer, ask, over, shown, widened
from app.state import View
from metrics.engine import DataFreshness, FeatureUse
from metrics.engine.query import Grain

SPAN = timedelta(days=28)
"""Span looked at at least: who comes back in days 7 to 14 is not known of a week."""
_TONES = ("feedback_positive", "feedback_neutral", "feedback_negative")
_ASKED = ("csat", *_TONES, "cost", "unpriced_calls", "cost_per_successful_prompt")
UNKNOWN: Mapping[str, tuple[str, str]] = {
    "difference": (
        "Back more often",
        "nobody with it, or nobody without it, whose 14 days are over",
    ),
    "repeat": ("Used again", "no user whose 7 days after the first use are over"),
    "csat": ("Satisfied", "no answer on the scale of 1 to 5"),
    "positive": ("Positive", "no feedback with a tone"),
    "cost_per_user": ("Cost per user", "no LLM call that names the feature, or none with a price"),
    "cost_per_success": ("Cost per success", "no successful prompt execution, or no priced call of one"),
}
"""What a column is called, and why it has no value where it has none."""
_OF: Mapping[str, tuple[str, ...]] = {
    "csat": ("csat",), "positive": _TONES, "cost_per_user": ("cost",),
    "cost_per_success": ("cost_per_successful_prompt",),
}  # fmt: skip
"""Metrics that a column is made of."""


def use(view: View) -> Answer:
    """Features, those first whose users come back more often for sure: `FEATURES`, and of each satisfaction and cost.

    Added are `csat`, `positive` (percent of `answers` with a tone), `cost_per_user`, `cost_per_success` (USD) and
    `unpriced_calls`.
    """
    wider = widened(view, SPAN)
    window = shown(wider).window
    question = FeatureUse(window=window, filters=view.filters, tz=view.tz)
    kind = next(iter(answers.ask(DataFreshness()).kinds), "request")
    used = over(wider, window, kind, lambda: answers.ask(question))
    if used.is_empty or used.needs:
        return used
    about = ask(wider, _ASKED, by=("feature",), grain=Grain.NONE)
    known = about.frame if "feature" in about.frame.columns else pl.DataFrame(schema={"feature": pl.String})
    known = known.with_columns(pl.lit(None, pl.Float64).alias(name) for name in _ASKED if name not in known.columns)
    tones = pl.sum_horizontal(_TONES)
    frame = used.frame.join(known.select("feature", *_ASKED), on="feature", how="left").with_columns(
        answers=tones,
        positive=pl.when(tones > 0).then(100 * pl.col("feedback_positive") / tones),
        cost_per_user=pl.col("cost") / pl.col("users"),
        cost_per_success=pl.col("cost_per_successful_prompt"),
    )
    ranked = frame.sort("difference_low", "users", descending=True, nulls_last=True).drop(
        *_TONES, "cost", "cost_per_successful_prompt"
    )
    words = wording.span(SPAN) if window.length <= SPAN + timedelta(days=1) else ""
    return replace(
        used, frame=ranked, missing=about.missing, unfit=about.unfit, dropped=about.dropped,
        note=f"last {words}" if words else "",
    )  # fmt: skip


def verdict(answer: Answer) -> str:
    """In words, whose users come back more often than others; only where the interval leaves no zero in it."""
    frame = answer.frame.drop_nulls("difference")
    surely = frame.filter(pl.col("difference_low") > 0)
    if frame.is_empty():
        return f"Who comes back is not known: {UNKNOWN['difference'][1]}."
    if surely.is_empty():
        return "Of no feature can it be said that its users come back more often than others."
    row = surely.row(0, named=True)
    others = f" So do those of {surely.height - 1} more." if surely.height > 1 else ""
    return (
        f"Users of {wording.name(row['feature'], 40)} come back more often: {row['retention_with']:.0f} % of "
        f"{row['with_of']:,}, against {row['retention_without']:.0f} % of {row['without_of']:,} without it.{others}"
    )


def reasons(answer: Answer) -> list[str]:
    """Why columns have rows without a value, a sentence each."""
    found: list[str] = []
    for column, (title, why) in UNKNOWN.items():
        if not answer.frame[column].null_count():
            continue
        lacking = [name for name in _OF.get(column, ()) if name in answer.missing]
        unfit = [answer.unfit[name] for name in _OF.get(column, ()) if name in answer.unfit]
        if lacking:
            why = f"needs {answer.missing[lacking[0]]} events"
        elif unfit:
            why = f"its events have no {unfit[0]} to filter by"
        found.append(f"{title} {wording.NOTHING}: {why}.")
    if calls := wording.unpriced(float(answer.frame["unpriced_calls"].sum())):
        found.append(f"{calls}, in no cost here.")
    return found
