"""Questions about how good the product is, and how it feels."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import polars as pl

from app import answers, wording
from app.queries.asking import LINE_POINTS, Answer, ask, over, shown, widened
from app.state import View
from metrics.engine import EVENTS, Comments, QualityScores, Query
from metrics.engine.buckets import SECONDS
from metrics.engine.query import Grain
from metrics.events.product import VITAL_LIMITS

MOST_COMMENTS = 30
_OPINIONS = ("nps", "csat")
_MEDIAN = 20
"""Answers behind the median point of a line: of fewer, it shows who happened to answer."""
_FEWEST_POINTS = 3
_NAMES = {
    Grain.MINUTES_5: "5 minutes", Grain.MINUTES_30: "30 minutes", Grain.HOUR: "hour", Grain.HOURS_3: "3 hours",
    Grain.HOURS_6: "6 hours", Grain.HOURS_12: "12 hours", Grain.DAY: "day", Grain.WEEK: "week",
}  # fmt: skip
"""Grains of a line of opinions, the finest first."""
_LONGER = (timedelta(days=7), timedelta(days=30), timedelta(days=90))
"""Spans looked at where the range has too few answers."""
TILES: Mapping[str, tuple[str, ...]] = {
    "bands": ("quality_excellent", "quality_good", "quality_average", "quality_poor", "quality_improvements"),
    "prompts": ("prompts_total", "prompts_created", "prompts_executed", "prompts_failed", "prompt_length_mean"),
    "pipelines": (
        "pipelines_total", "pipelines_active", "pipelines_executed", "pipeline_duration_mean", "pipeline_success_rate",
    ),
    "vitals": ("cls_p75", "fcp_p75", "ttfb_p75", "fid_p75", "page_views"),
}  # fmt: skip
"""The rows of tiles below the figures, by name."""
_SHARES = {
    "web_vital_good": "good",
    "web_vital_needs_improvement": "needs_improvement",
    "web_vital_poor": "poor",
}


def vitals(dimension: str) -> Callable[[View], Answer]:
    """Shares of the ratings of web vitals by vital, page or device; by vital with their 75th percentile."""

    def asked(view: View) -> Answer:
        metrics = (*_SHARES, *(("web_vital_p75",) if dimension == "name" else ()))
        answer = ask(replace(view, compare=False), metrics, by=(dimension,), grain=Grain.NONE)
        if answer.is_empty or answer.needs:
            return answer
        ranked = answer.frame.rename(_SHARES).drop_nulls("good").sort("poor", "good", descending=[True, False])
        if dimension == "name":
            order = list(VITAL_LIMITS)
            ranked = ranked.sort(pl.col("name").replace_strict(order, range(len(order)), default=len(order)))
            values = zip(ranked["name"], ranked["web_vital_p75"], strict=True)
            words = [wording.quantity(p75, "" if name == "cls" else "ms", 3) for name, p75 in values]
            ranked = ranked.with_columns(pl.col("name").str.to_uppercase())
        else:
            words = [None] * ranked.height
        frame = ranked.select(dimension, *_SHARES.values(), pl.Series("p75", words, dtype=pl.String))
        return replace(answer, frame=frame)

    return asked


def trend(*metrics: str) -> Callable[[View], Answer]:
    """Metrics over time."""
    return lambda view: ask(replace(view, compare=False), metrics)


def opinions(view: View) -> Answer:
    """Net promoter score and satisfaction over time, at the finest grain whose median point is of enough answers.

    The range is made longer where it has too few of them for a line.
    """
    for wider, grain in _from_fine_to_coarse(view):
        window = shown(wider).window
        question = Query(
            metrics=_OPINIONS, grain=grain, window=window, filters=view.filters, tz=view.tz, with_events=True
        )
        counted = over(wider, window, "feedback", partial(_counts, question))
        if counted.needs or counted.unfit:
            return counted
        if counted.frame.width and all(map(_is_enough, counted.frame)):
            return replace(ask(wider, _OPINIONS, grain=grain), note=f"by {_NAMES[grain]}{_longer(wider, view)}")
    wider = widened(view, _LONGER[-1])
    few = f"by week, fewer than {_MEDIAN} answers each{_longer(wider, view)}"
    return replace(ask(wider, _OPINIONS, grain=Grain.WEEK), note=few)


def _from_fine_to_coarse(view: View) -> Iterator[tuple[View, Grain]]:
    """The range and then longer ones, each at the grains that leave it points enough for a line, and not too many."""
    for wider in (replace(view, compare=False), *(widened(view, least) for least in _LONGER)):
        seconds = shown(wider).window.length.total_seconds()
        yield from (
            (wider, grain) for grain in _NAMES if _FEWEST_POINTS <= seconds / SECONDS[grain] <= LINE_POINTS
        )  # fmt: skip


def _longer(wider: View, view: View) -> str:
    length = shown(wider).window.length
    return f", last {length.days} days" if length > shown(view).window.length + timedelta(days=1) else ""


def _counts(question: Query) -> pl.DataFrame:
    """Answers by bucket: a column an opinion, those left out of which there are none."""
    frame = answers.ask(question).frame
    counts = frame.select(pl.col(f"{name}{EVENTS}").fill_null(0).cast(pl.Float64) for name in question.metrics)
    return counts.select(name for name in counts.columns if counts[name].sum())


def _is_enough(counts: pl.Series) -> bool:
    """Whether the median of the points is of enough answers; a bucket without any is no point."""
    points = counts.filter(counts > 0)
    return 2 * int((points >= _MEDIAN).sum()) >= points.len()


def scores(view: View) -> Answer:
    """Prompt quality scores by points."""
    window = shown(view).window
    return over(view, window, "prompt", lambda: answers.ask(QualityScores(window=window, filters=view.filters)))


def comments(view: View) -> Answer:
    """What users said, the newest first: ts, sentiment, nps_score, csat_score, comment, feature, user_id."""
    window = shown(view).window
    question = Comments(window=window, filters=view.filters, limit=MOST_COMMENTS)
    return over(view, window, "feedback", lambda: answers.ask(question))
