"""Where a filter is made: a dimension or an attribute, how it compares, and values with search."""

from dataclasses import replace

import streamlit as st

from app import answers, wording
from app.components import address
from app.components.failure import contained
from app.queries import asking
from app.state import View
from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.engine import DataFreshness, DimensionValues
from metrics.engine.query import Filter

LISTED = 200
_OPEN, _DIMENSION, _OPERATOR, _SEARCH, _VALUES, _PART = (
    "filter-picker", "filter-dimension", "filter-operator", "filter-search", "filter-values", "filter-part",
)  # fmt: skip
_FIRST = ("endpoint", "provider", "model", "region", "feature", "environment", "user_id")
_OPERATORS = {"in": "is", "not in": "is not", "contains": "contains"}


@st.fragment
def picker(view: View) -> None:
    """A button that opens the choice; opening it, choosing and searching rerun nothing else."""
    popover = st.popover("Filter", icon=":material/add:", key=_OPEN, on_change="rerun")
    if not popover.open:
        return
    with popover, contained("The filter"):
        dimension = st.selectbox(
            "Dimension or attribute",
            _known_dimensions(),
            key=_DIMENSION,
            format_func=lambda name: DIMENSIONS[name].title if name in DIMENSIONS else wording.name(name),
            accept_new_options=True,
            help="Any other column of your files is an attribute: type its name.",
        )
        operator = st.segmented_control(
            "Comparison", tuple(_OPERATORS), key=_OPERATOR, format_func=_OPERATORS.__getitem__, default="in",
            label_visibility="collapsed",
        )  # fmt: skip
        if not dimension:
            return
        name = (
            dimension
            if dimension in DIMENSIONS or dimension.startswith(ATTRIBUTE_PREFIX)
            else ATTRIBUTE_PREFIX + dimension
        )
        values = _text() if operator == "contains" else _choice(view, name)
        st.button(
            "Apply",
            type="primary",
            disabled=not values,
            on_click=_apply,
            args=(view, name, operator or "in", tuple(values)),
        )


def _text() -> list[str | None]:
    part = st.text_input("Text within the value", key=_PART)
    return [part] if part else []


def _choice(view: View, dimension: str) -> list[str | None]:
    search = st.session_state.get(_SEARCH) or ""
    question = DimensionValues(dimension=dimension, window=asking.shown(view).window, search=search, limit=LISTED)
    listed = answers.ask(question)
    if search or len(listed) >= LISTED:
        st.text_input("Search", key=_SEARCH, placeholder="part of a value", icon=":material/search:")
    return st.multiselect(
        "Values",
        listed,
        key=f"{_VALUES}-{dimension}",
        format_func=wording.name,
        placeholder="choose, or type one",
        accept_new_options=True,
    )


def _known_dimensions() -> list[str]:
    """Dimensions of the kinds there are, those that are asked for most first."""
    kinds = set(answers.ask(DataFreshness()).kinds)
    names = dict.fromkeys((*_FIRST, *DIMENSIONS))
    return [name for name in names if not kinds or kinds & set(DIMENSIONS[name].kinds)]


def _apply(view: View, dimension: str, operator: str, values: tuple[str | None, ...]) -> None:
    chosen = Filter(dimension=dimension, operator=operator, values=values)  # pyright: ignore[reportArgumentType]
    kept = tuple(one for one in view.filters if (one.dimension, one.operator) != (dimension, operator))
    st.session_state[_OPEN] = False
    address.show(replace(view, filters=(*kept, chosen)))
    st.rerun()
