"""What is wrong with alerting itself: nobody evaluates, rule files that cannot be read, messages that were given up."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

import streamlit as st

from alerts.rules.model import shown
from alerts.store.outbox import Delivery
from app import access, wording
from app.access import Act
from app.components.alerting import acting, looks
from app.components.failure import contained
from app.queries import acting as acts
from app.queries import alerting, ruling
from app.queries.alerting import Pulse, Watching
from app.source import source
from app.state import View
from metrics.events.entries import Problem

REFRESH = "5s"
_LISTED = 5
_SAID = {
    Watching.DISABLED: ":red[**Alerts are turned off**]: nothing is evaluated, nobody is told. "
    "Set `alerts.enabled: true` in `settings.yaml` of the home to turn them on.",
    Watching.UNATTENDED: ":red[**Nobody watches**]: the process that evaluates alerts is not running. "
    "Start the program with `promptpilot up`, which starts it, too.",
    Watching.WITHOUT_RULES: "No rule is in force, so nothing can fire. Add one below Rules, or set "
    "`alerts.shipped_rules: true` in `settings.yaml` of the home.",
    Watching.DEMO: "These are alerts of the demo data, by the rules that ship: nobody is told of them. Alerts run on "
    "your own events as soon as there are any; your own rules can be tried out on the demo data meanwhile.",
    Watching.STARTING: "The first evaluation is on its way.",
}


def watching(view: View) -> None:
    """That nobody watches, and what to do; nothing where somebody does."""
    with st.container(key="alert-watching", gap="small"):
        _watching()


@st.fragment(run_every=REFRESH)
def _watching() -> None:
    with contained("Whether anybody watches"):
        _say(alerting.pulse(), source().now())


def notices(view: View) -> None:
    """Rule files that cannot be read, and messages that were given up."""
    with st.container(key="panel-notices", gap="small"):
        _notices(view)


@st.fragment(run_every=REFRESH)
def _notices(view: View) -> None:
    with contained("How alerting itself goes"):
        problems, dead = ruling.problems(), alerting.board().dead
        _rule_files(problems)
        _dead_letters(dead, view, source().now())
        if not problems and not dead:
            st.caption("Every rule file can be read, and no message was given up.")


def _say(pulse: Pulse, now: datetime) -> None:
    if pulse.state is Watching.DEMO:
        st.info(_SAID[pulse.state], icon=":material/science:")
    elif pulse.state in (Watching.DISABLED, Watching.UNATTENDED):
        st.warning(_SAID[pulse.state], icon=":material/notifications_off:")
    elif pulse.state in (Watching.WITHOUT_RULES, Watching.STARTING):
        st.info(_SAID[pulse.state], icon=":material/hourglass_top:")
    elif pulse.state is Watching.FAILING:
        reason = wording.markdown(wording.name(pulse.error, 400))
        st.warning(
            f":red[**Evaluating alerts fails**]: {reason}. It is tried again all the time.", icon=":material/error:"
        )
    elif pulse.state is Watching.LATE and pulse.evaluated_at:
        st.warning(
            f":red[**Alerts were last evaluated {looks.ago(pulse.evaluated_at, now)}**]: what happened since "
            "is not known yet.",
            icon=":material/schedule:",
        )


def _rule_files(problems: Sequence[Problem]) -> None:
    for problem in problems[:_LISTED]:
        st.warning(wording.markdown(wording.name(str(problem), 400)), icon=":material/edit_note:")
    if problems:
        st.caption("What such a file held when it was last good stays in force.")


def _dead_letters(dead: Sequence[Delivery], view: View, now: datetime) -> None:
    """Messages that were given up, with the reason, and a way to send them after all."""
    if not dead:
        return
    refusal = access.current().refusal(Act.OPERATE)
    label = "A message was given up" if len(dead) == 1 else f"{len(dead):,} messages were given up"
    with st.expander(label, icon=":material/unsubscribe:", expanded=True, key="dead-letters"):
        for letter in dead[:_LISTED]:
            at = looks.clock(letter.finished_at or letter.queued_at, now, view.zone)
            reason = wording.name(letter.reason or "no reason is known", 300)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(
                    f"**{wording.markdown(wording.name(shown(letter.target), 60))}** {letter.kind}, "
                    f"{wording.markdown(f'{at}, after {letter.attempts:,} tries: {reason}')}",
                    width="stretch",
                )
                if st.button(
                    "Try again", key=f"again-{_mark(letter)}", icon=":material/refresh:", disabled=bool(refusal),
                    help=wording.markdown(refusal) or None,
                ):  # fmt: skip
                    acting.do(Act.OPERATE, acts.try_again, letter.key)
                    st.rerun()
        more = f" {len(dead) - _LISTED:,} more are not shown." if len(dead) > _LISTED else ""
        st.caption(f"Nobody was told by these. Mend what the reason says, then try again.{more}")


def _mark(letter: Delivery) -> str:
    """What a message is known by on the page: its own key names the address it goes to, which may hold a token."""
    return blake2b(letter.key.encode(), digest_size=6).hexdigest()
