"""What explains a change, in sentences: values in, words out, the same for a command, a page and a message."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from metrics.catalog import Metric
from metrics.engine.query import Filter
from metrics.insights.causes.model import Causes, Changed, Moved, Where
from metrics.insights.causes.moving import TOGETHER
from metrics.zones import zone

_UNCHANGED = 0.1
"""Of what it was before: what moved by less is called unchanged."""
ISO = "%Y-%m-%d %H:%M %Z"
"""How messages and commands write moments."""
_NONE = "(none)"
_SORTS: Mapping[str, str] = {
    "deployment": "deployment", "config": "configuration", "maintenance": "maintenance", "incident": "incident",
    "change": "change", "model": "new model", "version": "new version", "provider": "new provider",
    "endpoint": "new endpoint", "feature": "new feature", "users": "new users", "error": "new error",
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A sentence, and the chart that shows it."""

    text: str
    metric: str
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class Told:
    """Causes in words, in the order of the values they are of."""

    headline: str
    where: tuple[Claim, ...]
    moved: tuple[Claim, ...]
    changed: tuple[Claim, ...]
    remarks: tuple[str, ...]


def told(causes: Causes, metrics: Mapping[str, Metric], tz: str = "UTC", form: str = ISO) -> Told:
    """All of it. Moments are those of the zone, in a form of `strftime`."""
    metric = metrics[causes.metric]
    remarks = list(causes.remarks)
    if causes.moved:
        remarks.append(f"{causes.tried} series were tried: among so many some move by chance")
    return Told(
        headline(causes, metric, tz, form),
        tuple(
            Claim(where_told(one, metric, is_rise(causes)), causes.metric, (*causes.filters, *one.filters))
            for one in causes.where
        ),
        tuple(Claim(moved_told(one, metrics, tz, form), one.metric, one.filters) for one in causes.moved),
        tuple(
            Claim(
                changed_told(one, tz, form),
                one.metric or causes.metric,
                one.filters if one.metric else causes.filters,
            )
            for one in causes.changed
        ),
        tuple(f"{one[0].upper()}{one[1:]}." for one in remarks),
    )


def is_rise(causes: Causes) -> bool:
    """Whether the metric went up."""
    return (causes.after or 0.0) >= (causes.before or 0.0)


def headline(causes: Causes, metric: Metric, tz: str = "UTC", form: str = ISO) -> str:
    """As `Error rate: 0.3 % → 4.2 %, 2026-11-23 08:36 to 09:36 UTC, against the 60 minutes before`."""
    span, against = causes.span, causes.baseline
    is_just_before = len(against) == 1 and against[0].end == span.start
    weeks = f"the same hours of {len(against)} week{'s' * (len(against) > 1)} before"
    beside = f"the {_length(against[0].length)} before" if is_just_before else weeks
    begins, ends = _moment(span.start, tz, form), _moment(span.end, tz, form)
    return f"{metric.title}: {_change(causes.before, causes.after, metric)}, {begins} to {ends}, against {beside}."


def where_told(where: Where, metric: Metric, is_rise: bool = True) -> str:
    """As `gpt-4o in eu-west: 62 % of the rise, error rate 1 % → 14 %, elsewhere unchanged`."""
    change = "rise" if is_rise else "fall"
    title = metric.title[0].lower() + metric.title[1:] if metric.title[1:2].islower() else metric.title
    how = {"volume": "", "rate": "", "mix": ", of which there are more or fewer than before"}[where.through]
    inner = ""
    if where.within:
        first = where.within[0]
        inner = f"; {first.share:.0%} of that in {named(first.values[len(where.values) :])}".replace("%", " %")
    elsewhere = _elsewhere(where, metric)
    share = f"{where.share:.0%} of the {change}".replace("%", " %") if where.share > 0 else f"against the {change}"
    if where.above is not None:
        title, metric = f"events above {_value(where.above, metric)}", replace(metric, unit="%", decimals=1)
        elsewhere = _elsewhere(where, metric)
    value = f"{title} {_change(where.before, where.after, metric)}"
    return f"{named(where.values)}: {share}, {value}{how}, {elsewhere}{inner}."


def moved_told(moved: Moved, metrics: Mapping[str, Metric], tz: str = "UTC", form: str = ISO) -> str:
    """As `CPU usage of web-1: 20 % → 95 %, from 08:31 on, 12 spreads away; goes 4 minutes before (r = 0.9)`."""
    metric = metrics[moved.metric]
    of = f" of {named(moved.values)}" if moved.values else ""
    began = f", from {_moment(moved.began, tz, form)} on" if moved.began else ""
    alike = ""
    if moved.correlation is not None and abs(moved.correlation) >= TOGETHER:
        if moved.lead:
            order = "before" if moved.lead > timedelta() else "after"
            alike = f"; moves alike, {_length(abs(moved.lead))} {order} (r = {moved.correlation:.2f})"
        else:
            alike = f"; moves alike at the same time (r = {moved.correlation:.2f})"
    change = _change(moved.before, moved.after, metric)
    return f"{metric.title}{of}: {change}{began}, {moved.shift:.0f} times what it usually varies by{alike}."


def changed_told(changed: Changed, tz: str = "UTC", form: str = ISO) -> str:
    """As `08:31 UTC, deployment release-2.14.0: reads prompts without an index`."""
    count = "" if changed.count is None else f" ({changed.count:,} {'users' if changed.sort == 'users' else 'events'})"
    more = f": {changed.description}" if changed.description else ""
    return f"{_moment(changed.at, tz, form)}, {_SORTS[changed.sort]} {changed.name}{count}{more}".rstrip(".") + "."


def _elsewhere(where: Where, metric: Metric) -> str:
    before, after = where.elsewhere_before, where.elsewhere_after
    if before is None or after is None:
        return "nothing elsewhere"
    moved_here = abs((where.after or 0.0) - (where.before or 0.0))
    if abs(after - before) <= _UNCHANGED * max(abs(before), moved_here):
        return "elsewhere unchanged"
    return f"elsewhere {_change(before, after, metric)}"


def named(values: tuple[tuple[str, str | None], ...]) -> str:
    """A place: `gpt-4o in eu-west`."""
    return " in ".join(_NONE if value is None else _value_of(name, value) for name, value in values)


def _value_of(dimension: str, value: str) -> str:
    """A value that says nothing by itself comes with its dimension's name: `cache hit true`, `status code 500`."""
    says_nothing = value in ("true", "false") or value.replace(".", "").isdigit()
    return f"{dimension.replace('_', ' ')} {value}" if says_nothing else value


def _change(before: float | None, after: float | None, metric: Metric) -> str:
    return f"{_value(before, metric)} → {_value(after, metric)}"


def _value(value: float | None, metric: Metric) -> str:
    if value is None:
        return "no data"
    decimals = metric.decimals if abs(value) < 1000 else 0
    # What is small keeps two digits that say something: two costs of cents are not the same.
    number = f"{value:.2g}" if 0 < abs(value) < 10 ** (1 - decimals) else f"{value:,.{decimals}f}"
    return f"${number}" if metric.unit == "USD" else f"{number} {metric.unit}".rstrip()


def _length(length: timedelta) -> str:
    minutes = round(length / timedelta(minutes=1))
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes and minutes % size == 0 and minutes // size > (1 if size == 60 else 0):
            return f"{minutes // size} {unit}{'s' * (minutes // size > 1)}"
    return f"{minutes} minute{'s' * (minutes != 1)}"


def _moment(moment: datetime, tz: str, form: str) -> str:
    return moment.astimezone(zone(tz)).strftime(form)
