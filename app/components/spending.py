"""What is spent over time, stacked by what is chosen, and what grew in the range against the same weekdays before."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import streamlit as st

from app import theme, wording
from app.charts import spending as charts
from app.components import lazy, panel
from app.components.failure import contained
from app.components.plot import plot
from app.queries import spending
from app.queries.spending import Grown
from app.state import View
from metrics.engine import DimensionMismatch
from metrics.engine.questions.cost_change import FACTORS, OUTLIER

REFRESH = "30s"
_SPLIT, _EVERY = "split", "every"
_DAY = timedelta(days=1)
_NAMES = {
    "volume": "More or fewer calls", "mix": "Other models", "tokens": "Tokens a call", "price": "Price a token",
    OUTLIER: "Single dear calls",
}  # fmt: skip


def over_time(view: View) -> str:
    """Cost by day or week; gives the dimension by which it is stacked. Both choices stand in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="spending-choice"):
        chosen = st.selectbox(
            "Stacked by", spending.splits(), format_func=spending.title_of, key=_SPLIT, bind="query-params",
            accept_new_options=True, width=220,
            help="Any other column of your files is an attribute, such as team: type its name.",
        )  # fmt: skip
        every = st.segmented_control(
            "A bar is a", list(spending.EVERY), default="Day", key=_EVERY, bind="query-params", required=True
        )
    dimension, grain = spending.dimension_of(chosen), spending.EVERY[every or "Day"]
    panel.chart(
        "spending",
        "Cost over time",
        view,
        spending.by_time(dimension, grain),
        charts.by_time,
        choose=panel.RANGE,
        named=dimension,
    )
    return dimension


def grown(view: View, dimension: str) -> None:
    """What made the range dearer or cheaper than the same weekdays before, in words and bars."""
    with st.container(border=True, key="panel-grown", gap="small"):
        _grown(view, dimension)


@st.fragment(parallel=True, run_every=REFRESH)
def _grown(view: View, dimension: str) -> None:
    with contained("What grew"):
        if lazy.waits("grown", theme.CHART_HEIGHT):
            return
        st.subheader("What grew against the same weekdays before", anchor=False, help=_HELP)
        try:
            found = spending.grown(view, dimension)
        except DimensionMismatch as unfit:
            st.caption(f"Cannot be filtered by {wording.markdown(unfit.dimension)}: its events do not have it.")
            return
        is_compared = found.changed.before is not None and found.changed.cost is not None
        for sentence in sentences(found, view):
            (st.markdown if is_compared else st.caption)(sentence)
        if not is_compared:
            return
        left, right = st.columns(2)
        with left:
            _bars("By what changed", "grown-factors", factors(found))
        with right:
            _bars(f"By {spending.title_of(dimension)}", "grown-values", named(found))


def _bars(title: str, key: str, frame: pl.DataFrame) -> None:
    st.caption(wording.markdown(title if frame.height else f"{title}: nothing differs."))
    if frame.is_empty():
        return
    picture = charts.differences(frame)
    plot(picture, f"chart-{key}", config={"displayModeBar": False})


def factors(found: Grown) -> pl.DataFrame:
    """`part` and `difference`, those that make most of it first; without what made nothing of it."""
    made = found.of_factors
    least = 0.0005 * max((abs(value) for value in made.values()), default=0.0)
    ranked = sorted(((name, value) for name, value in made.items() if abs(value) > least), key=lambda one: -abs(one[1]))
    return pl.DataFrame(
        [(_NAMES[name], value) for name, value in ranked],
        schema={"part": pl.String, "difference": pl.Float64},
        orient="row",
    )


def named(found: Grown) -> pl.DataFrame:
    """The values of the dimension in the same columns."""
    differs = pl.Series([found.real(one) != 0 for one in found.values["difference"]], dtype=pl.Boolean)
    values = found.values.filter(differs)
    names = pl.Series("part", map(wording.name, values["value"]), pl.String)
    return values.select(names, "difference")


def sentences(found: Grown, view: View) -> list[str]:
    """What is to be said, as Markdown: the difference, single dear calls, then what made most of it."""
    changed = found.changed
    beside = f" {wording.unpriced(changed.unpriced)}: what they cost is not known." if changed.unpriced else ""
    if changed.cost is None:
        said = "no call has a price" if changed.unpriced else "no call"
        return [wording.markdown(f"Nothing to compare: {said} {_when(found, view)}.")]
    cost = wording.quantity(changed.cost, "USD", 2)
    calls = [f"**{wording.markdown(spending.dear_call_words(one, view))}**" for one in changed.outliers]
    if changed.before is None:
        why = (
            "no call of these weekdays before has a price" if changed.baselines else "no earlier weeks to compare with"
        )
        return [wording.markdown(f"{cost} {_when(found, view)}; {why}.{beside}"), *calls]
    return [_difference(found, view, cost, beside), *calls, *_of_factors(found)]


def _difference(found: Grown, view: View, cost: str, beside: str) -> str:
    changed = found.changed
    before = changed.before or 0.0
    difference = found.real((changed.cost or 0.0) - before)
    percent = wording.change(changed.cost, before, "USD")
    against = _against(found, view)
    lead = f"{cost} {_when(found, view)}: {charts.signed(difference)}{f' ({percent})' if percent else ''}"
    return f"**{wording.markdown(lead)}** " + wording.markdown(
        f"against {wording.quantity(before, 'USD', 2)}, {against}.{beside}"
    )


def _of_factors(found: Grown) -> list[str]:
    """One sentence a factor, with the model that has most of it."""
    made = found.of_factors
    least = _LEAST * sum(abs(made[name]) for name in FACTORS)
    told: list[str] = []
    for name in sorted(FACTORS, key=lambda one: -abs(made[one])):
        value = made[name]
        if abs(value) <= least:
            continue
        told.append(f"{charts.signed(value)}: {_WORDS[name][value < 0]}{_detail(name, value, found)}")
    return ["\n".join(f"- {wording.markdown(one)}" for one in told)] if told else []


def _detail(name: str, value: float, found: Grown) -> str:
    changed = found.changed
    if name == "volume":
        return f", {changed.calls:,.0f} instead of {changed.calls_before:,.0f}"
    sign = 1 if value > 0 else -1
    ranked = changed.parts.sort(pl.col(name) * sign, descending=True)
    model = ranked["model"].to_list()[0] if ranked.height > 1 else None
    return f", most of it {wording.name(model, 40)}" if model else ""


def _when(found: Grown, view: View) -> str:
    start, end = (moment.astimezone(view.zone) for moment in (found.window.start, found.window.end))
    is_whole = start.replace(tzinfo=None) + _DAY == end.replace(tzinfo=None) and (start.hour, start.minute) == (0, 0)
    if is_whole:
        return f"on {start:%a %d %b}"
    return f"from {wording.between(found.window.start, found.window.end, view.zone)}"


def _against(found: Grown, view: View) -> str:
    weeks, count = found.weeks, found.changed.baselines
    if count > 1:
        return f"the mean of the same weekdays of the {count * weeks} weeks before"
    ago = "a week" if weeks == 1 else f"{weeks} weeks"
    earlier = replace(found, window=spending.earlier(found.window, weeks, view))
    return f"the same weekdays {ago} before ({_when(earlier, view)})"


_LEAST = 0.02
"""Share of what the factors made, single calls left out, below which one is not worth a sentence."""
_WORDS = {
    "volume": ("more calls", "fewer calls"),
    "mix": ("dearer models were called more", "cheaper models were called more"),
    "tokens": ("more tokens a call", "fewer tokens a call"),
    "price": ("a token came to more", "a token came to less"),
}
_HELP = (
    "The cost of the range of this page, up to now, against the same hours of the same weekdays before. The difference "
    "has parts that add up to it: how many calls there were; which models were called; how many tokens a call of a "
    "model had; what a token of a model came to, which prices change, as do the shares of output and of cached tokens; "
    "and single calls that cost a tenth of a day, and a hundred times what others do. Each part is the mean over all "
    "orders in which one after the other could have changed (Shapley values)."
)
