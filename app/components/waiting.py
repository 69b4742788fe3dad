"""Files that wait for an answer: what is asked of each, a button an answer, and what would come of it."""

from dataclasses import replace

import streamlit as st

from app import access, wording
from app.access import Act
from app.components import previewed, upload
from app.components.failure import contained
from app.queries import contents, lake, previews
from app.queries.saving import answer, said_of
from metrics.events.questions import Answers, Option, Question
from metrics.lake.ledger import Attempt

REFRESH = "3s"
_TITLES = ("P50 duration", "P95 duration", "Input tokens", "Cost", "Error rate", "Users")
"""Figures that are told of each answer."""
_MOST = 20


def panel() -> None:
    """The files of which somebody has to say something before anything of them is stored."""
    with st.container(key="waiting"):
        _panel()


_HELP = (
    "Nothing of these files is stored until somebody says how they are to be read: a guess could be wrong, and a wrong "
    "number is worse than none."
)


@st.fragment(run_every=REFRESH)
def _panel() -> None:
    with contained("Waiting for an answer"):
        attempts = lake.asking()
        if not attempts:
            return
        with st.container(border=True, key="panel-waiting", gap="small"):
            st.subheader(f"Waiting for an answer: {len(attempts):,}", anchor=False, help=_HELP)
            for attempt in attempts[:_MOST]:
                _asked(attempt)
            if len(attempts) > _MOST:
                st.caption(f"The newest {_MOST} of {len(attempts):,} files.")


def _asked(attempt: Attempt) -> None:
    outcome, key = attempt.outcome, f"answer-{attempt.hash}"
    with st.container(border=True, key=f"asked-{attempt.hash[:12]}", gap="xsmall"):
        rows = f" · {outcome.read:,} rows, none of them stored yet" if outcome.read else ""
        st.markdown(f"**{wording.markdown(wording.name(outcome.path.name, 80))}**{rows}")
        given: dict[int, int] = st.session_state.setdefault(f"{key}-given", {})
        for number, question in enumerate(outcome.questions):
            _question(attempt, number, question, given)
        for note in outcome.notes:
            st.caption(wording.markdown(wording.name(note, 300)))
        if st.button("Open in the form", key=f"{key}-form", icon=":material/edit_note:", type="tertiary"):
            st.session_state[upload.TO_MAP] = attempt.hash
            st.rerun()


def _question(attempt: Attempt, number: int, question: Question, given: dict[int, int]) -> None:
    st.markdown(wording.markdown(_sentence(wording.name(question.asks, 600))))
    if not question.options:
        st.caption("Only a mapping can answer it: open the file in the form.")
        return
    refusal = access.current().refusal(Act.ANSWER)
    for place, option in enumerate(question.options):
        button, figures = st.columns((2, 5), vertical_alignment="center")
        is_given = given.get(number) == place
        with button:
            pressed = st.button(
                wording.markdown(_sentence(wording.name(option.says, 60))),
                key=f"answer-{attempt.hash}-{number}-{place}",
                width="stretch",
                type="primary" if place == 0 and not given else "secondary",
                icon=":material/check:" if is_given else None,
                disabled=bool(refusal),
                help=wording.markdown(refusal) or None,
            )  # fmt: skip
        with figures:
            _outcome_of(attempt, option, number, place)
        if pressed:
            given[number] = place
            if len(given) == sum(1 for one in attempt.outcome.questions if one.options):
                _answered(attempt, given)
            st.rerun()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _answered(attempt: Attempt, given: dict[int, int]) -> None:
    """All of it is answered: the file is read again with what was said."""
    path = contents.whereabouts(attempt)
    if path is None:
        st.error("The file itself is no longer in the home. Add it again.", icon=":material/draft:")
        return
    answers = said_of(attempt)
    for number, place in given.items():
        answers = _with(answers, attempt.outcome.questions[number].options[place])
    after = lake.newest_number()
    try:
        dropped = answer(attempt, path, answers)
    except OSError as error:
        st.error(wording.markdown(wording.name(str(error), 400)), icon=":material/error:")
        return
    st.session_state.pop(f"answer-{attempt.hash}-given", None)
    upload.follow(dropped, after)


def _with(answers: Answers, option: Option) -> Answers:
    if not option.rules:
        return replace(answers, yes=True)
    rules = {column: dict(keys) for column, keys in answers.rules.items()}
    for column, keys in option.rules.items():
        rules[column] = {**rules.get(column, {}), **keys}
    return replace(answers, rules=rules)


def _outcome_of(attempt: Attempt, option: Option, number: int, place: int) -> None:
    """What would come of the file with this answer."""
    path = contents.whereabouts(attempt)
    if path is None:
        return
    # Other questions are taken as they would be guessed: this one's answers are to be compared.
    answers = replace(_with(said_of(attempt), option), yes=True)
    running = previews.preview(
        path, attempt.outcome.path.name, answers=answers, place=f"{attempt.hash}-{number}-{place}"
    )
    if not running.is_over:
        st.caption(f"What would come of it: {running.done:,} rows read so far …")
    elif running.result is not None:
        st.caption(wording.markdown(previewed.in_short(running.result, _TITLES)))
