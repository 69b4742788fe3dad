"""The rules: where each stands, where it comes from; and which one is opened."""

import polars as pl
import streamlit as st

from app import access, onward, theme, wording
from app.access import Act
from app.components.alerting import looks
from app.components.failure import contained
from app.queries import ruling
from app.queries.ruling import Standing
from app.state import View

REFRESH = "5s"
OPENED = "rule"
"""In the link: the id of the rule that is opened; `NEW` for one that is being made."""
NEW = onward.NEW_RULE
_PICK, _TABLE, _ORDER, _CHOSEN = "rule-pick", "rules", "rules-order", "rules-chosen"
_COLUMNS = {
    "State": pl.String, "Priority": pl.String, "Rule": pl.String, "Fires": pl.String, "Origin": pl.String,
    "Why": pl.String, "Id": pl.String,
}  # fmt: skip


def listed(view: View) -> None:
    """A row a rule, those that fire first."""
    with st.container(border=True, key="panel-rules", gap="xsmall"):
        _listed()


@st.fragment(run_every=REFRESH)
def _listed() -> None:
    if st.session_state.pop(_CHOSEN, False):
        st.rerun()  # the whole page: what is opened stands outside of this part of it
    with contained("Rules"):
        found = ruling.standings()
        off = sum(not one.rule.enabled for one in found)
        st.subheader("Rules", anchor=False, help="Shipped ones and your own. Choose a row to see and change it.")
        if not found:
            st.caption("There is no rule. Make one below.")
            return
        rows = [_row(one) for one in found]
        st.session_state[_ORDER] = [one.rule.id for one in found]
        st.dataframe(
            pl.DataFrame(rows, schema=_COLUMNS, orient="row"), hide_index=True, row_height=theme.ROW_HEIGHT,
            height="content" if len(rows) <= 12 else 12 * theme.ROW_HEIGHT, key=_TABLE,
            on_select=_chosen, selection_mode="single-row", alt=f"Rules: {len(rows):,}, of them {off:,} off",
            column_config={
                "State": st.column_config.TextColumn(width="small"),
                "Priority": st.column_config.TextColumn(width="small"),
                "Rule": st.column_config.TextColumn(width=262),
                "Fires": st.column_config.TextColumn(width=300, help="What must be so, and for how long."),
                "Origin": st.column_config.TextColumn(width="small", help="Shipped with the program, or your own."),
                "Why": st.column_config.TextColumn(width=250, help="Why there is no data, or what fires."),
            },
        )  # fmt: skip


def _chosen() -> None:
    """Open the rule of the row that was chosen."""
    rows: list[int] = st.session_state[_TABLE]["selection"]["rows"]
    if rows:
        open_rule(st.session_state[_ORDER][rows[0]])
        st.session_state[_CHOSEN] = True


def _row(one: Standing) -> tuple[str, ...]:
    rule = one.rule
    return (
        theme.STANDING_SIGNS[one.state],
        f"{rule.priority} {theme.PRIORITY_WORDS[rule.priority]}",
        wording.name(rule.name, looks.LONGEST_NAME),
        wording.name(one.fires, 160),
        one.origin,
        wording.name(one.why, 160) if one.why else "",
        rule.id,
    )


def opened() -> str:
    """The id of the rule that the link opens; empty where it names none."""
    return st.query_params.get(OPENED, "")


def open_rule(rule_id: str) -> None:
    """Name a rule in the link; none for an empty id. What a new one began with is left behind."""
    for begun in (onward.METRIC, onward.BY):
        st.query_params.pop(begun, None)
    if rule_id:
        st.query_params[OPENED] = rule_id
    else:
        st.query_params.pop(OPENED, None)


def pick(view: View) -> None:
    """Open a rule, or begin a new one."""
    rules = ruling.in_force()
    st.session_state[_PICK] = opened() if opened() in rules else None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="rule-pick-row"):
        st.selectbox(
            "Rule to open", sorted(rules, key=lambda id: (rules[id].priority, rules[id].name)), key=_PICK,
            placeholder="Choose a rule to see and change it",
            format_func=lambda id: f"{rules[id].priority} · {wording.name(rules[id].name, 90)} · {id}",
            on_change=lambda: open_rule(st.session_state[_PICK] or ""), width=560,
        )  # fmt: skip
        refusal = access.current().refusal(Act.EDIT)
        st.button(
            "New rule", icon=":material/add:", key="rule-new", on_click=open_rule, args=(NEW,),
            disabled=bool(refusal), help=wording.markdown(refusal) or None,
        )  # fmt: skip
