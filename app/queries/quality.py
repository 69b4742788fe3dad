"""Questions about how good the product is, and how it feels."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from app import answers, wording
from app.queries.asking import Answer, ask, over, shown
from app.state import View
from metrics.engine import Comments, QualityScores
from metrics.engine.query import Grain
from metrics.events.product import VITAL_LIMITS

MOST_COMMENTS = 30
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


def scores(view: View) -> Answer:
    """Prompt quality scores by points."""
    window = shown(view).window
    return over(view, window, "prompt", lambda: answers.ask(QualityScores(window=window, filters=view.filters)))


def comments(view: View) -> Answer:
    """What users said, the newest first: ts, sentiment, nps_score, csat_score, comment, feature, user_id."""
    window = shown(view).window
    question = Comments(window=window, filters=view.filters, limit=MOST_COMMENTS)
    return over(view, window, "feedback", lambda: answers.ask(question))
