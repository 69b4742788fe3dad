"""Questions about what the language models cost."""

from dataclasses import replace
from datetime import timedelta

from app.queries.asking import Answer, ask, shown, value
from app.state import View
from metrics.engine.query import Grain


def spend(view: View) -> Answer:
    """Cost by provider: by day from three days on, by hour from twelve hours on, else finer."""
    length = shown(view).window.length
    grain = Grain.DAY if length >= timedelta(days=3) else Grain.HOUR if length >= timedelta(hours=12) else Grain.AUTO
    plain = replace(view, compare=False)
    answer = ask(plain, ("cost",), by=("provider",), grain=grain)
    unpriced = value(ask(plain, ("unpriced_calls",), grain=Grain.NONE), "unpriced_calls")
    return replace(answer, note=f"{unpriced:,.0f} calls without a price" if unpriced else "")
