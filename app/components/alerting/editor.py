"""A rule opened: form and YAML side by side, each following the other, checked while it is typed.

The text is what counts; the form shows what it says, and writes into it.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from alerts.rules import AlertRule
from app import access, wording
from app.access import Act
from app.components.alerting import acting, backtest, looks, preview, rules
from app.components.alerting.form import RuleForm
from app.components.failure import contained
from app.queries import rule_editing, ruling
from app.state import View
from metrics.events.entries import Problem

_HEIGHT = 280
"""Of the text, in pixels."""
_LISTED = 8


def panel(view: View) -> None:
    """The rule that the link names."""
    name = rules.opened()
    known = ruling.in_force()
    if not name:
        return
    if name != rules.NEW and name not in known:
        st.warning(f"There is no rule {wording.markdown(wording.name(name, 80))}.", icon=":material/search_off:")
        return
    with contained("The rule"):
        _opened(name, known.get(name), view)


def _opened(name: str, rule: AlertRule | None, view: View) -> None:
    in_force = rule_editing.text_of(name) if rule else rule_editing.EXAMPLE
    key = _key(name)
    _follow(name, in_force)
    text: str = st.session_state[key]
    problems = rule_editing.problems_of(text)
    tried = None if problems else rule_editing.rule_of(text)
    refusal = access.current().refusal(Act.EDIT)
    with st.container(border=True, key="panel-editor", gap="small"):
        _head(name, rule, refusal)
        left, right = st.columns(2, gap="medium")
        with left:
            _form(name, text, new=rule is None, disabled=bool(refusal))
        with right:
            _yaml(name, problems, disabled=bool(refusal))
            preview.panel(tried, view)
        _ends(name, text, in_force, problems, refusal)
    backtest.panel(tried, view)


def _key(name: str) -> str:
    return f"edit-{name}-yaml"


def _follow(name: str, in_force: str) -> None:
    """Begin with the rule as it is in force, and stay with it for as long as nothing is changed here."""
    key, seen = _key(name), f"edit-{name}-seen"
    if key not in st.session_state or st.session_state[key] == st.session_state.get(seen):
        st.session_state[key] = in_force
        st.session_state[seen] = in_force
    # A widget that is not shown for a run would be forgotten with what was typed.
    st.session_state[key] = st.session_state[key]


def _head(name: str, rule: AlertRule | None, refusal: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if rule is None:
            st.subheader("A new rule", anchor=False, width="content")
            return
        title = wording.markdown(wording.name(rule.name, looks.LONGEST_NAME))
        st.subheader(title, anchor=False, width="content")
        where = ruling.origin(name)
        st.badge(
            _ORIGINS[where], icon=":material/inventory_2:" if where == "shipped" else ":material/edit:", color="gray"
        )
        if not rule.enabled:
            looks.standing("off")
        label = "Turn off" if rule.enabled else "Turn on"
        if st.button(
            label, key=f"switch-{name}", icon=":material/power_settings_new:", disabled=bool(refusal),
            help=wording.markdown(refusal) or None,
        ):  # fmt: skip
            if acting.do(Act.EDIT, rule_editing.switch, name, not rule.enabled):
                _forget(name)
            st.rerun()


_ORIGINS = {"shipped": "shipped", "own": "your own", "changed": "shipped, changed by you"}


def _form(name: str, text: str, *, new: bool, disabled: bool) -> None:
    document = rule_editing.document_of(text)
    last = f"edit-{name}-document"
    if document is None:
        st.caption("The form follows once the text is YAML of one rule.")
        document = st.session_state.get(last, {})
        disabled = True
    st.session_state[last] = document

    def change(changed: Mapping[str, Any]) -> None:
        st.session_state[_key(name)] = rule_editing.written(changed)

    RuleForm(document, f"edit-{name}", change, new=new, disabled=disabled).show()


def _yaml(name: str, problems: tuple[Problem, ...], *, disabled: bool) -> None:
    with st.container(key=f"live-yaml-{name}", gap="xsmall"):
        st.text_area(
            "The same as YAML", key=_key(name), height=_HEIGHT, disabled=disabled,
            help="As it is written into the folder alerts of the home. Checked while you type.",
        )  # fmt: skip
    if not problems:
        st.markdown(":green[:material/check_circle: Nothing is wrong with it.]")
        return
    listed = "\n".join(f"- {_said(problem)}" for problem in problems[:_LISTED])
    more = f"\n- and {len(problems) - _LISTED} more" if len(problems) > _LISTED else ""
    st.error(f"Not yet a rule:\n{listed}{more}", icon=":material/error:")


def _said(problem: Problem) -> str:
    key = f"{wording.name(problem.key, 80)}: " if problem.key else ""
    return f"**Line {problem.line}** {wording.markdown(key + wording.name(problem.said, 300))}"


def _ends(name: str, text: str, in_force: str, problems: tuple[Problem, ...], refusal: str) -> None:
    """Save, discard, and take away."""
    new = name == rules.NEW
    changed = text != in_force or new
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        why = refusal or ("Something is wrong with it still." if problems else "" if changed else "Nothing is changed.")
        if st.button(
            "Save", type="primary", icon=":material/save:", key=f"save-{name}", disabled=bool(why),
            help=wording.markdown(why) or None,
        ) and acting.do(Act.EDIT, rule_editing.save, text):  # fmt: skip
            saved = rule_editing.rule_of(text)
            _forget(name)
            rules.open_rule(saved.id if saved else "")
            st.rerun()
        if changed and st.button("Discard changes", icon=":material/undo:", key=f"discard-{name}"):
            _forget(name)
            if new:
                rules.open_rule("")
            st.rerun()
        if not new and ruling.origin(name) != "shipped":
            _take_away(name, refusal)
        if st.button("Close", icon=":material/close:", type="tertiary", key=f"close-{name}"):
            rules.open_rule("")
            st.rerun()


def _take_away(name: str, refusal: str) -> None:
    changed = ruling.origin(name) == "changed"
    label = "Revert to shipped" if changed else "Delete"
    said = "Your version is taken out of the home, and the shipped rule is in force again." if changed else (
        "The rule is taken out of the home. What fires because of it is resolved."
    )  # fmt: skip
    with st.popover(label, icon=":material/delete:", disabled=bool(refusal), help=wording.markdown(refusal) or None):
        st.markdown(said)
        if st.button(f"{label} now", type="primary", key=f"remove-{name}") and acting.do(
            Act.EDIT, rule_editing.remove, name
        ):
            _forget(name)
            rules.open_rule(name if changed else "")
            st.rerun()


def _forget(name: str) -> None:
    """Drop what was typed: the next run begins with the rule as it is in force."""
    for key in [key for key in st.session_state if str(key).startswith(f"edit-{name}-")]:
        del st.session_state[key]
