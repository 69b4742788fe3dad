"""A question of one's own: metrics, dimensions, the width of a bucket; its answer as charts, table, file, command."""

from functools import partial

import streamlit as st

from app import theme, wording
from app.charts import fitting
from app.components import panel
from app.components.failure import contained
from app.export import safe_csv
from app.queries import exploring
from app.queries.asking import Answer
from app.queries.exploring import Asked
from app.state import View
from metrics.engine import EngineError, Grain

_METRICS, _BY, _GRAIN = "m", "by", "grain"
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
    return Asked(tuple(chosen), tuple(by), grain)


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
                    f"explore-{name}", metrics[name].title, view, exploring.of_metric(asked, name), fitting.fitting,
                    choose=choose,
                )  # fmt: skip
    with st.container(border=True, key="panel-answer", gap="xsmall"):
        _table(asked, view)


@st.fragment(parallel=True, run_every=panel.REFRESH)
def _table(asked: Asked, view: View) -> None:
    with contained("The answer"):
        found = exploring.answer(asked)(view)
        panel.heading("Answer", found, "", "answer")
        if panel.is_blank(found):
            panel.empty(found)
            return
        st.dataframe(
            found.frame, hide_index=True, height="content" if found.frame.height <= 10 else 400,
            row_height=theme.ROW_HEIGHT, key="answer", alt=f"The answer: {found.frame.height:,} rows",
        )  # fmt: skip
        _elsewhere(asked, view, found)


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
    with st.expander("As a command, and as SQL"):
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
