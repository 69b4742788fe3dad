"""An alert with the rule and the metric that it is about: its value in words, its events, its span of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.incidents import Alert
from alerts.judging.instants import floored
from alerts.judging.thresholds import compared_text, compared_title, compared_unit
from alerts.rules import Absent, AlertRule, Change, Forecast, Static
from alerts.rules.durations import written
from alerts.rules.model import Condition
from metrics.catalog import Metric
from metrics.catalog.quantities import quantity
from metrics.engine import Filter, Window

SHOWN = 60
"""Windows of the rule that a picture shows, and a page at least."""
AFTERWARDS = 10
"""Windows of the rule that a page shows after the end."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a message speaks of first."""

    alert: Alert
    rule: AlertRule | None
    """None where it was removed meanwhile."""
    metric: Metric | None
    """None where the rule has none, or the catalog does not know it."""
    settle: timedelta
    now: datetime

    @property
    def width(self) -> timedelta:
        """The window of the rule."""
        return self.rule.window if self.rule else timedelta(minutes=1)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Which events it is about."""
        labels = (Filter(dimension=name, values=(value,)) for name, value in self.alert.key.labels)
        return (*(self.rule.filters if self.rule else ()), *labels)

    @property
    def trouble(self) -> Window:
        """From the first bucket that breached to the last one that is known."""
        start = self.alert.since - self.settle - self.width
        return Window(start=start, end=max(self._last, start + self.width))

    @property
    def pictured(self) -> Window:
        """The newest buckets, whole ones, as many as are drawn."""
        end = floored(self._last, self.width)
        return Window(start=end - SHOWN * self.width, end=end)

    @property
    def paged(self) -> Window:
        """What a page is to show: the trouble, and enough before and after to see it come and go."""
        end = min(self.now, self._last + AFTERWARDS * self.width)
        return Window(start=min(self.trouble.start - self.width, end - max(SHOWN * self.width, _HOUR)), end=end)

    @property
    def threshold(self) -> float | None:
        """Where a line may be drawn into the figure of the metric; None where what is compared is another figure."""
        limit = self._condition.threshold if isinstance(self._condition, Static | Forecast) else None
        return limit if isinstance(limit, float) else None

    @property
    def bad_above(self) -> float | None:
        """Above which an event is bad where the metric is a percentile: its threshold, or what it was before."""
        if not isinstance(self._condition, Static | Change) or self._condition.operator not in (">", ">="):
            return None
        return self._before if isinstance(self._condition, Change) else self.threshold

    @property
    def _before(self) -> float | None:
        """Of a change: what the metric was so much earlier."""
        value, newest = self.alert.value, self._newest
        if not isinstance(self._condition, Change) or value is None or newest is None or value <= -100:
            return None
        return newest / (1 + value / 100)

    def value_text(self, value: float | None) -> str:
        """What was compared with the threshold, with its unit: `7.3 %`; empty where nothing is known of it."""
        if self.rule is None or self.metric is None:
            return ""
        if value is None or isinstance(self.rule.condition, Absent):
            return "no data"
        unit = compared_unit(self.rule, self.metric.unit)
        if self.metric.levels and unit == self.metric.unit and 0 <= value < len(self.metric.levels):
            return self.metric.levels[int(value)]
        return compared_text(self.rule, quantity(value, unit, self._decimals(unit)), value)

    @property
    def now_text(self) -> str:
        """The newest value in words; of a change also from what to what: `350 ms, 166 ms 7d earlier (+110 %)`."""
        metric, value, newest, before = self.metric, self.alert.value, self._newest, self._before
        if metric is None or not isinstance(self._condition, Change) or newest is None:
            return self.value_text(value)
        now, earlier = quantity(newest, metric.unit, metric.decimals), f"{written(self._condition.against)} earlier"
        if value is None:
            return f"{now}, nothing {earlier}"
        if before is None:
            return self.value_text(value)
        return f"{now}, {quantity(before, metric.unit, metric.decimals)} {earlier} ({value:+.0f} %)"

    @property
    def value_title(self) -> str:
        """What the value is: the metric, or what the rule makes of it."""
        title = self.metric.title if self.metric else ""
        return compared_title(self.rule, title) if self.rule and title else title

    @property
    def _condition(self) -> Condition | None:
        return self.rule.condition if self.rule else None

    @property
    def _newest(self) -> float | None:
        """The newest value of the metric itself."""
        return self.alert.recent[-1] if self.alert.recent else None

    def _decimals(self, unit: str) -> int:
        return self.metric.decimals if self.metric and unit == self.metric.unit else 1

    @property
    def _last(self) -> datetime:
        return min(self.alert.ended_at or self.now, self.now) - self.settle


def subject_of(
    alert: Alert, rules: Mapping[str, AlertRule], metrics: Mapping[str, Metric], settle: timedelta, now: datetime
) -> Subject:
    """The alert with its rule and its metric."""
    rule = rules.get(alert.key.rule)
    return Subject(alert, rule, metrics.get(rule.metric) if rule else None, settle, now)
