"""Who came back, as a triangle."""

from datetime import datetime

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing
from app.charts.picture import Picture

_ROW = 24
"""Height of a row, in pixels."""
_MOST_WRITTEN = 16
"""Columns up to which the percentages are written into the cells."""

_MOST_NAMED = 11
"""Columns up to which each has its name above it."""


def triangle(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Shares that came back by `cohort` (with its `size`) and `age`; what is not over stays blank."""
    sizes = frame.group_by("cohort").agg(pl.col("size").first()).sort("cohort")
    cohorts: list[datetime] = sizes["cohort"].to_list()
    ages: list[int] = frame["age"].unique().sort().to_list()
    shares = {(cohort, age): share for cohort, age, share in frame.select("cohort", "age", "share").iter_rows()}
    later = [age for age in ages if age > 0]
    rows = [[shares.get((cohort, age)) for age in later] for cohort in cohorts]
    every = 1 + len(later) // _MOST_NAMED
    written = len(later) <= _MOST_WRITTEN
    best = max((value for row in rows for value in row if value is not None), default=100.0)
    drawn = Drawing(70 + _ROW * max(len(cohorts), 3))
    drawn.heatmap(
        x=later,
        y=list(range(len(cohorts))),
        z=rows,
        zmin=0,
        zmax=max(best, 1),
        colorscale=[list(step) for step in (theme.SHARES_ON_DARK if axis.on_dark else theme.SHARES)],
        showscale=False,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        text=[["" if share is None else f"{share:.0f}" for share in row] for row in rows],
        **({"texttemplate": "%{text}", "textfont": {"size": 11}} if written else {}),
        customdata=[[f"{_day(cohort, axis)}: {size:,} users"] * len(later) for cohort, size in sizes.iter_rows()],
        hovertemplate="%{customdata}<br>%{z:.1f} % came back after %{x}<extra></extra>",
    )
    drawn.without_legend()
    drawn.x |= {
        "side": "top",
        "tickmode": "array",
        "tickvals": later[::every],
        "ticktext": [f"+{age}" for age in later[::every]],
        "tickangle": 0,
        "tickfont": {"size": 11},
        "showline": False,
    }
    drawn.x["fixedrange"] = True
    drawn.y |= {
        "tickmode": "array", "tickvals": list(range(len(cohorts))), "autorange": "reversed", "showgrid": False,
        "rangemode": "normal",
        "ticktext": [f"{_day(cohort, axis)} · {wording.quantity(size, '', 0)}" for cohort, size in sizes.iter_rows()],
    }  # fmt: skip
    return Picture(drawn.figure(), f"Share of users that came back, {len(cohorts)} cohorts. {_pooled(frame)}")


def _day(cohort: datetime, axis: TimeAxis) -> str:
    return f"{cohort.astimezone(axis.zone):%d %b}"


def _pooled(frame: pl.DataFrame) -> str:
    over = frame.filter(pl.col("age") > 0).drop_nulls("share")
    pooled = over.group_by("age").agg(share=(pl.col("share") * pl.col("size")).sum() / pl.col("size").sum()).sort("age")
    shown = pooled.filter(pl.col("age").is_in([1, 7, 30]))
    return (
        ", ".join(f"after {age}: {share:.1f} %" for age, share in shown.iter_rows()) + "."
        if shown.height
        else "No data."
    )
