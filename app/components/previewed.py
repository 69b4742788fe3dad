"""What would come of a whole file: the numbers by which a person sees that it is read wrongly."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app import wording
from app.queries.previews import Running
from metrics.lake.looking.figures import Figure
from metrics.lake.looking.previewing import KindPreview, Preview

REFRESH = "1s"
_TOLD_REASONS = 5
_COLUMNS = 5


def shown(running: Running, key: str) -> None:
    """How far a preview is, then what would come of the file; the page is drawn anew once it is over."""
    if running.is_over:
        st.session_state.pop(f"{key}-waited", None)  # what is around it is drawn with the outcome this time
    st.fragment(partial(_shown, running, key), run_every=None if running.is_over else REFRESH)()


def _shown(running: Running, key: str) -> None:
    waited = f"{key}-waited"
    if not running.is_over:
        st.session_state[waited] = True
        said = f"{running.done:,} of {running.of:,} rows" if running.of else f"{running.done:,} rows so far"
        st.progress(running.done / running.of if running.of else 0.0, text=f"Reading the whole file: {said}")
        return
    if st.session_state.pop(waited, False):
        st.rerun()  # what is drawn around it depends on the outcome
    if running.result is None:
        st.error(wording.markdown(wording.name(running.problem, 400)), icon=":material/error:")
        return
    told(running.result)


def told(preview: Preview) -> None:
    """Counts, reasons and figures."""
    st.markdown(f"**The whole file**: {_counts(preview)}")
    for reason, count in list(preview.reasons.items())[:_TOLD_REASONS]:
        st.caption(wording.markdown(f"{count:,} row{'s' * (count != 1)} rejected: {wording.name(reason, 200)}"))
    for kind in preview.kinds:
        _kind(kind, is_one=len(preview.kinds) == 1)
    for note in preview.notes:
        st.caption(wording.markdown(f"Note: {wording.name(note, 300)}"))


def _counts(preview: Preview) -> str:
    return (
        f"{preview.read:,} rows read → **{preview.stored:,} events**, {preview.duplicates:,} duplicates within the "
        f"file, {preview.rejected:,} rejected."
    )


def _kind(kind: KindPreview, *, is_one: bool) -> None:
    if not is_one:
        st.markdown(f"`{kind.kind}`: {kind.events:,} events")
    figures = list(kind.figures)
    for start in range(0, len(figures), _COLUMNS):
        for place, figure in zip(st.columns(_COLUMNS), figures[start : start + _COLUMNS], strict=False):
            place.metric(figure.title, value(figure), border=True)
    if kind.first is not None and kind.last is not None:
        st.caption(f"From {kind.first:%d %b %Y %H:%M:%S} to {kind.last:%d %b %Y %H:%M:%S} UTC.")


def value(figure: Figure) -> str:
    """A figure with its unit."""
    number = figure.value
    if number is None:
        return wording.NOTHING
    if figure.unit == "USD":
        return f"${number:,.4f}" if abs(number) < 1 else f"${number:,.2f}"
    if figure.unit == "%":
        return f"{number:.2f} %"
    if figure.unit == "ms":
        return f"{number:,.3g} ms" if number < 100 else f"{number:,.0f} ms"
    return f"{number:,.0f}" if number == int(number) else f"{number:,.3f}"


def in_short(preview: Preview, titles: Sequence[str]) -> str:
    """A few figures in one line."""
    said = [
        f"{figure.title} {value(figure)}"
        for kind in preview.kinds
        for figure in kind.figures
        if figure.title in titles and figure.value is not None
    ]
    first = f"{preview.stored:,} events, {preview.rejected:,} rows rejected"
    return " · ".join([first, *said])
