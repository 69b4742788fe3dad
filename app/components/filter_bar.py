"""The bar above every page: range, comparison, time zone and filters. The URL is the state, widgets only show it.

Before a widget is made its value is set from the view; when it changes, its callback writes the URL and the one
run that follows shows the new view.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import streamlit as st

from app import wording
from app.components import address, filter_picker
from app.queries import asking
from app.state import ALL, RANGES, View
from metrics.catalog import DIMENSIONS
from metrics.engine.query import Filter, Window
from metrics.zones import KNOWN

_RANGE, _COMPARE, _ZONE, _FROM, _TO = "range", "compare", "zone", "from", "to"
_WORDS = {"in": "", "not in": "not ", "contains": "contains "}
_STEP = timedelta(minutes=1)
_CHIP_VALUES = 3


def bar(view: View, notes: tuple[str, ...] = ()) -> None:
    """The bar, what of the URL was ignored, and a chip for each active filter."""
    with st.container(key="filter-bar", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            _presets(view)
            _custom(view)
            with st.container(width="content"):
                filter_picker.picker(view)
            _zone(view)
            _comparison(view)
        _chips(view)
        for note in notes:
            st.warning(wording.markdown(note), icon=":material/link_off:")


def span(view: View) -> None:
    """The range and its time zone alone, where there is nothing to filter or to compare with."""
    with st.container(key="filter-bar", horizontal=True, vertical_alignment="center", gap="xsmall"):
        _presets(view)
        _custom(view)
        _zone(view)


def _presets(view: View) -> None:
    st.session_state[_RANGE] = view.range if isinstance(view.range, str) else None
    st.segmented_control(
        "Range",
        RANGES,
        format_func=lambda name: "All" if name == ALL else name,
        key=_RANGE,
        on_change=lambda: address.show(replace(view, range=st.session_state[_RANGE] or view.range)),
        label_visibility="collapsed",
    )


def _custom(view: View) -> None:
    window = asking.shown(view).window
    label = "Custom" if isinstance(view.range, str) else wording.between(window.start, window.end, view.zone)
    popover = st.popover(wording.markdown(label), key="custom-range", type=_emphasis(not isinstance(view.range, str)))
    with popover, st.form("custom-range-form", border=False):
        for key, title, moment in ((_FROM, "From", window.start), (_TO, "To", window.end)):
            st.session_state[key] = moment.astimezone(view.zone).replace(tzinfo=None, second=0, microsecond=0)
            st.datetime_input(
                f"{title} ({view.tz})",
                key=key,
                step=_STEP,
                format="YYYY-MM-DD",
                max_value=_FAR,
                min_value=_LONG_AGO,
            )
        st.form_submit_button("Show", type="primary", on_click=lambda: _show_custom(view))


_LONG_AGO, _FAR = datetime(1990, 1, 1), datetime(2199, 12, 31)  # noqa: DTZ001 – wall clock of the view's zone


def _show_custom(view: View) -> None:
    start, end = (st.session_state[key] for key in (_FROM, _TO))
    if start and end and start < end:
        window = Window(start=start.replace(tzinfo=view.zone), end=end.replace(tzinfo=view.zone))
        address.show(replace(view, range=window))
    else:
        st.toast("The range must end after it begins.", icon=":material/warning:")


def _comparison(view: View) -> None:
    st.session_state[_COMPARE] = view.compare
    st.toggle(
        "Compare",
        key=_COMPARE,
        on_change=lambda: address.show(replace(view, compare=st.session_state[_COMPARE])),
    )


def _zone(view: View) -> None:
    with st.popover(wording.markdown(view.tz), key="time-zone"):
        nearest = [name for name in ("UTC", st.context.timezone, view.tz) if name in KNOWN]
        names = list(dict.fromkeys([*nearest, *sorted(KNOWN)]))
        st.session_state[_ZONE] = view.tz
        st.selectbox(
            "Time zone: when a day begins, and what clocks show",
            names,
            key=_ZONE,
            on_change=lambda: address.show(replace(view, tz=st.session_state[_ZONE] or view.tz)),
        )


def _chips(view: View) -> None:
    if not view.filters:
        return
    with st.container(horizontal=True, gap="xsmall", key="chips"):
        for index, one in enumerate(view.filters):
            rest = tuple(other for other in view.filters if other is not one)
            st.button(
                wording.markdown(_chip(one)),
                key=f"chip-{index}",
                icon=":material/close:",
                icon_position="right",
                help="Remove this filter",
                on_click=address.show,
                args=(replace(view, filters=rest),),
            )
        if len(view.filters) > 1:
            st.button(
                "Clear all",
                key="chips-clear",
                type="tertiary",
                on_click=address.show,
                args=(replace(view, filters=()),),
            )


def _chip(one: Filter) -> str:
    title = DIMENSIONS[one.dimension].title if one.dimension in DIMENSIONS else wording.name(one.dimension, 40)
    values = ", ".join(wording.name(value, 40) for value in one.values[:_CHIP_VALUES])
    more = len(one.values) - _CHIP_VALUES
    return f"{title}: {_WORDS[one.operator]}{values}" + (f" and {more} more" if more > 0 else "")


def _emphasis(active: bool) -> Literal["primary", "secondary"]:
    return "primary" if active else "secondary"
