"""A question of one's own: metrics, dimensions, the width of a bucket; its answer as charts, table, file, command."""

from functools import partial

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app import theme, wording
from app.boards import Figure
from app.charts import fitting
from app.components import panel
from app.components.failure import contained
from app.export import safe_csv
from app.queries import exploring, insights
from app.queries.asking import Answer
from app.queries.exploring import Asked
from app.state import View
from metrics.catalog import DIMENSIONS
from metrics.engine import PREVIOUS, TIME, EngineError, Grain
from metrics.insights.unusual import Place

_METRICS, _BY, _GRAIN, _AHEAD, _UNUSUAL = "m", "by", "grain", "ahead", "unusual"
_MOST_METRICS, _MOST_DIMENSIONS = 6, 3
_USUAL = ["requests", "error_rate"]


def ask(view: View) -> Asked:
    """What is chosen; the choice stands in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="question"):
        # Options stand in the link as they are shown: names, which do not change.
        chosen = st.multiselect(
            "Metrics", list(exploring.known_metrics()), default=_USUAL, key=_METRICS, bind="query-params",
            max_selections=_MOST_METRICS, placeholder="Choose metrics",
        )  # fmt: skip
        by = st.multiselect(
            "By", exploring.dimensions(), key=_BY, bind="query-params", max_selections=_MOST_DIMENSIONS,
            placeholder="nothing",
        )  # fmt: skip
        grain = st.selectbox("Over time", exploring.GRAINS, index=1, key=_GRAIN, bind="query-params", width=150)
        line = not by and grain is not Grain.NONE
        ahead = st.toggle("Forecast", key=_AHEAD, bind="query-params", disabled=not line)
        unusual = st.toggle("Anomalies", key=_UNUSUAL, bind="query-params", disabled=not line or ahead)
    return Asked(tuple(chosen), tuple(by), grain, line and ahead, line and unusual and not ahead)


def answer(asked: Asked, view: View) -> None:
    """The fitting chart of each metric, and all of them as a table."""
    if not asked.metrics:
        st.caption("Choose a metric.")
        return
    plain = asked.grain is Grain.NONE and not asked.by
    if not plain:
        metrics = exploring.known_metrics()
        columns = st.columns(min(2, len(asked.metrics)))
        for index, name in enumerate(asked.metrics):
            with columns[index % len(columns)]:
                choose = asked.by[0] if len(asked.by) == 1 and asked.grain is Grain.NONE else ""
                panel.chart(
                    f"explore-{name}", metrics[name].title, view, _of(asked, name), fitting.fitting, choose=choose
                )
    with st.container(border=True, key="panel-answer", gap="xsmall"):
        _table(asked, view)


def _of(asked: Asked, name: str) -> panel.Ask:
    """One of the metrics, with what is to be drawn beside it."""
    if asked.unusual:
        return insights.judged(Place(name))
    return (exploring.with_forecast if asked.ahead else exploring.of_metric)(asked, name)


@st.fragment(parallel=True, run_every=panel.REFRESH)
def _table(asked: Asked, view: View) -> None:
    with contained("The answer"):
        found = exploring.answer(asked)(view)
        panel.heading(
            "Answer", found, "", "answer", view, Figure.TABLE if asked.by or TIME in found.frame.columns else None
        )
        if panel.is_blank(found):
            panel.empty(found)
            return
        table(found, view, "answer", "The answer")
        _elsewhere(asked, view, found)


def table(found: Answer, view: View, key: str, title: str) -> None:
    """An answer as a table, with the names and units of its columns."""
    st.dataframe(
        found.frame, hide_index=True, height="content" if found.frame.height <= 10 else 400,
        row_height=theme.ROW_HEIGHT, key=key, alt=f"{title}: {found.frame.height:,} rows",
        column_config={name: _column(name, view) for name in found.frame.columns},
    )  # fmt: skip


def _column(name: str, view: View) -> ColumnConfig:
    """How a column is called and written where people read it; files keep its name."""
    if name == TIME:
        return st.column_config.DatetimeColumn("Time", format=wording.MOMENT, timezone=view.tz)
    of, previous, _ = name.partition(PREVIOUS)
    if metric := exploring.known_metrics().get(of):
        before = ", period before" if previous else ""
        return st.column_config.NumberColumn(f"{metric.title}{before}{f' [{metric.unit}]' if metric.unit else ''}")
    return st.column_config.TextColumn(DIMENSIONS[name].title if name in DIMENSIONS else name)


def _elsewhere(asked: Asked, view: View, found: Answer) -> None:
    """The same question as a file, on the command line, and in SQL."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Download CSV",
            partial(safe_csv, found.frame),
            "answer.csv",
            "text/csv",
            key="answer-csv",
            on_click="ignore",
        )
        st.download_button(
            "Download Parquet", partial(_parquet, found), "answer.parquet", "application/vnd.apache.parquet",
            key="answer-parquet", on_click="ignore",
        )  # fmt: skip
    # In a browser it is made when it is opened: with code come 1.6 MB that color it.
    ways = st.expander("As a command, and as SQL", key="answer-ways", on_change="rerun")
    if ways.open or not st.context.headers:
        with ways:
            _ways(asked, view)


def _ways(asked: Asked, view: View) -> None:
    st.code(exploring.command(asked, view), language="bash", wrap_lines=True)
    try:
        st.code(exploring.sql(asked, view), language="sql", height=260)
    except EngineError as error:
        st.caption(wording.markdown(str(error)))


def _parquet(found: Answer) -> bytes:
    from io import BytesIO

    written = BytesIO()
    found.frame.write_parquet(written)
    return written.getvalue()
