"""A rule opened: form and YAML side by side, each following the other, checked while it is typed.

The text is what counts; the form shows what it says, and writes into it.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from alerts.rules import AlertRule
from alerts.rules.model import without_addresses
from app import access, onward, wording
from app.access import Act
from app.components import yaml_editor
from app.components.alerting import acting, backtest, looks, preview, rules
from app.components.alerting.form import RuleForm
from app.components.failure import contained
from app.queries import beginning, rule_editing, ruling
from app.state import View
from metrics.events.entries import Problem


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
    refusal = access.current().refusal(Act.EDIT)
    in_force = rule_editing.text_of(name) if rule else _begun(view)
    if refusal:  # addresses of webhooks may hold tokens
        in_force = without_addresses(in_force)
    text = yaml_editor.follow(name, in_force)
    problems = rule_editing.problems_of(text)
    tried = None if problems else rule_editing.rule_of(text)
    with st.container(border=True, key="panel-editor", gap="small"):
        _head(name, rule, refusal)
        left, right = st.columns(2, gap="medium")
        with left:
            _form(name, text, new=rule is None, disabled=bool(refusal))
        with right:
            _yaml(name, problems, disabled=bool(refusal))
            preview.panel(tried, view)
        _ends(name, text, in_force, problems, refusal)

    def take_over(other: AlertRule) -> None:
        st.session_state[yaml_editor.key(name)] = rule_editing.written(other)

    backtest.panel(tried, view, take_over, disabled=bool(refusal))


def _begun(view: View) -> str:
    """What a new rule begins with: the figure that led here, with the filters of its page, or an example.

    It is made once: what is usual moves on while somebody types. Another figure begins another rule.
    """
    metric = st.query_params.get(onward.METRIC, "")
    if not metric:
        return rule_editing.EXAMPLE
    by = tuple(st.query_params.get_all(onward.BY))
    asked, key = (metric, by, view.filters), f"edit-{rules.NEW}-begun"
    if key not in st.session_state or st.session_state[key][0] != asked:
        yaml_editor.forget(rules.NEW)
        st.session_state[key] = (asked, beginning.begun(metric, by, view))
    return st.session_state[key][1]


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
                yaml_editor.forget(name)
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
        st.session_state[yaml_editor.key(name)] = rule_editing.written(changed)

    RuleForm(document, f"edit-{name}", change, new=new, disabled=disabled).show()


def _yaml(name: str, problems: tuple[Problem, ...], *, disabled: bool) -> None:
    yaml_editor.field(
        name, label="The same as YAML", disabled=disabled,
        help="As it is written into the folder alerts of the home. Checked while you type.",
    )  # fmt: skip
    yaml_editor.verdict(problems, "Not yet a rule:")


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
            yaml_editor.forget(name)
            rules.open_rule(saved.id if saved else "")
            st.rerun()
        if changed and st.button("Discard changes", icon=":material/undo:", key=f"discard-{name}"):
            yaml_editor.forget(name)
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
            yaml_editor.forget(name)
            rules.open_rule(name if changed else "")
            st.rerun()
