"""Questions about who uses the product."""

from dataclasses import replace
from datetime import timedelta

from app.queries.asking import Answer, ask, shown
from app.state import View
from metrics.engine.query import Grain, Window

GROWTH = timedelta(days=30)
"""Span of user growth shown at least, whatever the range: growth over an hour says nothing."""


def growth(view: View) -> Answer:
    """Active and new users by day, over thirty days or the range, whichever is longer."""
    window = shown(view).window
    start = min(window.start, window.end - GROWTH)
    start = start.astimezone(view.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    wider = replace(view, range=Window(start=start, end=window.end), compare=False)
    answer = ask(wider, ("dau", "users_new"), grain=Grain.DAY)
    if "dau" in answer.frame.columns and not answer.frame["dau"].max():
        answer = replace(answer, frame=answer.frame.clear())
    return replace(answer, note="" if window.length > GROWTH else f"last {GROWTH.days} days")
