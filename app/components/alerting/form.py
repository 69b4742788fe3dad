"""The form of a rule: widgets that show what its text says, and write into it what they are set to."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from alerts.rules import CHANNELS, KINDS, WINDOWS
from alerts.rules.durations import written as length_text
from app import answers, theme, wording
from app.components.alerting import fields
from app.components.alerting.fields import Document, Field
from app.queries import ruling, trying
from app.source import source
from metrics.catalog import DIMENSIONS
from metrics.catalog.dimensions import dimensions_of
from metrics.engine import DimensionValues

Change = Callable[[Document], None]
"""Takes the document as it is to be from now on."""
_MOST_VALUES = 100


class RuleForm:
    """A form over one document. Each widget shows its part; `change` is called with the whole as it is to be."""

    def __init__(self, document: Document, prefix: str, change: Change, *, new: bool, disabled: bool) -> None:
        self._document, self._prefix, self._change = document, prefix, change
        self._new, self._disabled = new, disabled

    def show(self) -> None:
        """All of it."""
        with st.container(key=f"live-{self._prefix}", gap="small"):
            self._names()
            self._what()
            self._condition()
            self._evaluation()
            self._telling()

    def _names(self) -> None:
        left, right = st.columns([2, 1])
        with left:
            self._field(Field(("name",), "Name"))
        with right:
            self._field(Field(("id",), "Id", help="Letters, digits, dots and dashes."), disabled=not self._new)
        self._pick(
            Field(("priority",), "Priority", "choice", fields.PRIORITIES), st.segmented_control,
            format_func=_priority_title,
        )  # fmt: skip

    def _what(self) -> None:
        if fields.kind_of(self._document) == "composite":
            return
        metrics = source().engine.metrics
        left, right = st.columns([2, 1])
        with left:
            self._pick(
                Field(("metric",), "Metric", "choice", tuple(sorted(metrics, key=lambda name: metrics[name].title))),
                st.selectbox, format_func=_metric_title,
            )  # fmt: skip
        with right:
            windows = tuple(length_text(width) for width, _ in WINDOWS)
            self._pick(
                Field(("window",), "Looks at", "choice", windows, "1m", "What one evaluation looks at."),
                st.selectbox,
            )  # fmt: skip
        dimensions = self._dimensions()
        self._field(
            Field(("by",), "One alert each", "several", dimensions, "one for everything"), format_func=_dimension_title
        )
        self._wheres(dimensions)

    def _dimensions(self) -> tuple[str, ...]:
        metric = source().engine.metrics.get(str(fields.read(self._document, ("metric",))))
        return tuple(dimensions_of(metric)) if metric else tuple(DIMENSIONS)

    def _wheres(self, dimensions: tuple[str, ...]) -> None:
        """A list of values for each dimension that is limited, and a way to limit another."""
        wheres = fields.wheres(self._document)
        for name, values in wheres.items():
            known = [value for value in _values(name) if value not in values]
            self._widget(
                st.multiselect, f"where-{name}", f"Only where {_dimension_title(name)} is", values,
                lambda chosen, name=name: fields.with_wheres(self._document, {**wheres, name: chosen}),
                options=[*values, *known], accept_new_options=True,
            )  # fmt: skip
        rest = [name for name in dimensions if name not in wheres]
        self._widget(
            st.selectbox, f"where-add-{len(wheres)}", "Limit it by", None,
            lambda name: fields.with_wheres(self._document, {**wheres, name: _values(name)[:1] or ["?"]}),
            options=rest, placeholder="nothing" if not wheres else "nothing else", format_func=_dimension_title,
        )  # fmt: skip

    def _condition(self) -> None:
        kind = fields.kind_of(self._document)
        kinds = [*KINDS, *([kind] if kind not in KINDS else [])]
        self._widget(
            st.selectbox, "kind", "Fires when it is", kind, lambda chosen: fields.of_kind(self._document, chosen),
            options=kinds, format_func=_kind_title,
        )  # fmt: skip
        shown = fields.CONDITIONS.get(kind, ())
        for start in range(0, len(shown), 3):
            for column, field in zip(st.columns(3), shown[start : start + 3], strict=False):
                with column:
                    options = tuple(ruling.in_force()) if field.path[-1] in ("all", "any") else field.options
                    self._field(field, options=options)

    def _evaluation(self) -> None:
        for column, field in zip(st.columns(2), fields.EVALUATION, strict=True):
            with column:
                self._field(field)

    def _telling(self) -> None:
        with st.expander("Who is told, and what they need to know", key=f"{self._prefix}-telling"):
            for field in fields.TELLING:
                self._field(field)
            self._escalation()

    def _escalation(self) -> None:
        step = fields.escalation(self._document)
        if step is None:
            st.caption("It escalates in several steps: see the YAML.")
            return
        after, to = step
        left, right = st.columns([1, 2])
        with left:
            self._widget(
                st.text_input, "escalation-after", "Escalate after", after,
                lambda value: fields.with_escalation(self._document, value, to), placeholder="never",
                help="When nobody has acknowledged it by then.",
            )  # fmt: skip
        with right:
            self._widget(
                st.multiselect, "escalation-to", "to", to,
                lambda value: fields.with_escalation(self._document, after, value),
                options=list(dict.fromkeys([*to, *CHANNELS])), accept_new_options=True, placeholder="nobody",
            )  # fmt: skip

    def _field(
        self, field: Field, *, options: tuple[str, ...] | None = None, disabled: bool = False, **looks: Any
    ) -> None:
        """A field by its form."""
        value = fields.shown(field, self._document)
        listed = field.options if options is None else options
        more: dict[str, Any] = {"help": field.help or None, **looks}
        match field.form:
            case "choice":
                self._pick(field, st.selectbox, **looks)
                return
            case "several":
                widget = st.multiselect
                more |= {"options": list(dict.fromkeys([*value, *listed])), "accept_new_options": field.open,
                         "placeholder": field.placeholder or "none"}  # fmt: skip
            case "paragraph":
                widget = st.text_area
            case _:
                widget = st.text_input
                more |= {"placeholder": field.placeholder}
        self._widget(
            widget, field.key, field.title, value,
            lambda given: fields.put(self._document, field.path, fields.meant(field, given)),
            disabled=disabled, **more,
        )  # fmt: skip

    def _pick(self, field: Field, widget: Callable[..., Any], **looks: Any) -> None:
        """A choice among options, and what the document says where that is none of them."""
        value = fields.shown(field, self._document)
        options = list(dict.fromkeys([*field.options, *([value] if value is not None else [])]))
        more: dict[str, Any] = {"options": options, "help": field.help or None, **looks}
        if widget is st.selectbox:
            more["placeholder"] = field.placeholder or "Choose"
        self._widget(
            widget, field.key, field.title, value, lambda given: fields.put(self._document, field.path, given), **more
        )

    def _widget(
        self, widget: Callable[..., Any], name: str, title: str, value: object,
        meaning: Callable[[Any], Mapping[str, Any]], *, disabled: bool = False, **looks: Any,
    ) -> None:  # fmt: skip
        """A widget that shows a value, and hands on the document that another value makes."""
        key = f"{self._prefix}-{name}"
        st.session_state[key] = value
        widget(
            wording.markdown(title), key=key, disabled=disabled or self._disabled,
            on_change=lambda: self._change(meaning(st.session_state[key])), **looks,
        )  # fmt: skip


def _priority_title(name: str) -> str:
    return f"{name} {theme.PRIORITY_WORDS.get(name, '')}".strip()


def _kind_title(kind: str) -> str:
    return fields.KIND_WORDS.get(kind, wording.name(kind, 40))


def _metric_title(name: str) -> str:
    metric = source().engine.metrics.get(name)
    return f"{metric.title} · {name}" if metric else wording.name(name, 60)


def _dimension_title(name: str) -> str:
    return DIMENSIONS[name].title if name in DIMENSIONS else wording.name(name, 40)


def _values(dimension: str) -> list[str]:
    """Values that the dimension has had of late."""
    window = trying.last(trying.PREVIEW)
    hour = window.model_copy(update={"end": window.end.replace(minute=0, second=0, microsecond=0)})
    known = dimension in DIMENSIONS or dimension.startswith("attributes.")
    if not known or hour.start >= hour.end:
        return []
    values = answers.ask(DimensionValues(dimension=dimension, window=hour, limit=_MOST_VALUES))
    return [value for value in values if value is not None]
