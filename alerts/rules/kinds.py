"""What may be wrong with a number: the kinds of condition that a rule can have, as they stand in YAML.

Models only: judging a series by them is `alerts/judging/conditions.py`'s.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from alerts.rules.durations import Length, parsed, written
from metrics.events.entries import Entry
from metrics.insights.forecasting.accrual import Length as Period
from metrics.zones import Zone


class Part(Entry):
    """A part of a rule: what is written below a field is its description in the JSON schema."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def _more_than_nothing(length: Length) -> Length:
    if not length:
        raise ValueError("expected more than 0s")
    return length


Some = Annotated[Length, AfterValidator(_more_than_nothing)]
"""A length that is not 0."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number that is written as one."""


class _Condition(Part):
    duration: Length = parsed("0s")
    """How long every evaluation must have breached before the alert fires."""
    recover_for: Length = parsed("0s")
    """How long the recover condition must hold before it is resolved."""


class Static(_Condition):
    """The value against a fixed threshold."""

    kind: Literal["static"] = "static"
    operator: Literal[">", "<", ">=", "<=", "==", "!=", "contains"]
    """How the value stands to the threshold when something is wrong."""
    threshold: Annotated[
        Annotated[Number, Tag("number")] | Annotated[str, Tag("text")],
        Discriminator(lambda given: "text" if isinstance(given, str) else "number"),
    ]
    """A number; or, for metrics with named levels (`component_status`), a level's name."""
    recover: Number | None = None
    """The value must be on the other side of this one before it counts as recovered (hysteresis)."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if isinstance(self.threshold, str) and self.operator not in ("==", "!=", "contains"):
            raise ValueError(f"a text is compared by ==, != or contains, not by {self.operator}")
        if self.operator == "contains" and not isinstance(self.threshold, str):
            raise ValueError("contains looks for a text")
        if self.recover is not None:
            if isinstance(self.threshold, str) or self.operator in ("==", "!="):
                raise ValueError("recover goes with >, <, >= or <=")
            beyond = self.recover > self.threshold if ">" in self.operator else self.recover < self.threshold
            if beyond:
                side = "at most" if ">" in self.operator else "at least"
                raise ValueError(f"recover must be {side} the threshold, {self.threshold:g}, not {self.recover:g}")
        return self


class Unusual(_Condition):
    """Unlike what was to be expected: what `dynamic` and `anomaly` share."""

    sensitivity: Literal["low", "medium", "high"] = "medium"
    """How often it may be wrong about a series: half a time a week, once, or three times."""
    refractory: Length = parsed("12h")
    """How long after an alert began none begins again: what is unusual rarely comes alone."""
    off_by: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0
    """Percent of what is expected by which a value is off at least: of a steady series, little is unusual already."""
    at_least: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0
    """What the value is, or was expected to be, at least, in the metric's unit: where little comes, none is chance."""


class Dynamic(Unusual):
    """Unusual for the hour of the week, on the side that counts."""

    kind: Literal["dynamic"]
    direction: Literal["up", "down", "both"] = "both"
    """On which side of what is expected something is wrong."""
    weeks: Annotated[int, Field(ge=1, le=12)] = 4
    """How many weeks back it learns from when a week begins."""


class Anomaly(Unusual):
    """Unusual in any way, as a method sees it."""

    kind: Literal["anomaly"]
    method: Literal["auto", "isolation-forest", "one-class-svm"] = "auto"
    """How: `auto` is the robust score, which finds most; the others learn from two weeks at least."""
    history: Some = parsed("28d")
    """How far back it learns from when a week begins."""


class Forecast(_Condition):
    """Will cross the threshold within the horizon, going on as over the history."""

    kind: Literal["forecast"]
    operator: Literal[">", "<", ">=", "<="]
    """How the forecast stands to the threshold when something will be wrong."""
    threshold: Number
    """A number in the metric's unit."""
    horizon: Some
    """How far ahead it looks."""
    history: Some = parsed("6h")
    """What goes on in the forecast."""
    model: Literal["auto", "line", "ensemble", "profile", "theta", "ets", "mstl", "arima", "seasonal_naive"] = "auto"
    """How: `line` goes straight on; the others know the hours of the week, in UTC, and look anew every hour.

    `auto` is a line over less than two weeks of history, and the ensemble from there on.
    """


class Absent(_Condition):
    """No data at all for `duration`."""

    kind: Literal["absent"]
    duration: Some = parsed("5m")
    """How long nothing has come before the alert fires."""
    expected: Annotated[Number, Field(gt=0)] | None = None
    """Silence is only wrong once so many events were to be expected of it, by the same hours of the fortnight before.

    Working days and weekends are told apart. Quiet hours are silent for longer than busy ones.
    """


class BurnRate(_Condition):
    """The error budget of an objective is spent too fast, over a long and a short window at once.

    The metric is the percentage that is bad. Source: Google, The Site Reliability Workbook, ch. 5.
    """

    kind: Literal["burn_rate"]
    objective: Annotated[Number, Field(gt=0, lt=100)]
    """Percentage that is to be good, such as 99.9."""
    burns: tuple["Burn", ...] = ()
    """Empty: 14.4 × over 1 h and 5 m, 6 × over 6 h and 30 m."""


class Burn(Part):
    """One pair of windows; any pair that burns is a breach."""

    rate: Annotated[Number, Field(gt=0)]
    """How many times as fast as the budget allows."""
    long: Some
    """The window that shows that it matters."""
    short: Some
    """The window that shows that it goes on."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.short >= self.long:
            raise ValueError(f"short must be shorter than long, {written(self.long)}, not {written(self.short)}")
        return self


class Change(_Condition):
    """The value against the one `against` earlier, in percent of that.

    Counts and sums that stand for fewer events than `min_events` both times have not changed in any way that matters.
    """

    kind: Literal["change"]
    operator: Literal[">", "<", ">=", "<="]
    """How the change stands to the threshold when something is wrong."""
    threshold: Number
    """Percent: 50 is half as much again, -50 is half."""
    against: Some = parsed("7d")
    """How much earlier it is compared with."""
    at_least: Number | None = None
    """The value, in the metric's unit, below which no rise matters; from there on, a rise from nothing does."""
    otherwise: Number | None = None
    """The threshold for the value itself where nothing is known of so much earlier, as in the first week.

    With it, the median of the days since, at the same time, counts where it is more: what was little because something
    was out is no measure.
    """


class Budget(_Condition):
    """What a budget's period will have cost by its end, in percent of the budget.

    Expected from the days before, or what is spent where these are too few to go by. `budgets.yaml` brings such a rule
    for each budget.
    """

    kind: Literal["budget"]
    amount: Annotated[Number, Field(gt=0)]
    """What may be spent in a period, in the metric's unit."""
    period: Period = "month"
    """A calendar month, a week from Monday on, or a day."""
    percent: Annotated[Number, Field(gt=0)] = 100
    """Above how many percent of the amount something is wrong."""
    timezone: Zone = "UTC"
    """Time zone in which periods begin."""


class Composite(_Condition):
    """Other rules are firing at once: all of some, or any of some."""

    kind: Literal["composite"]
    all: tuple[str, ...] = ()
    """Ids of rules that must fire at once."""
    any: tuple[str, ...] = ()
    """Ids of rules of which one must fire."""

    @model_validator(mode="after")
    def _names_rules(self) -> Self:
        if bool(self.all) == bool(self.any):
            raise ValueError("expected either `all` or `any`, each a list of rule ids")
        return self

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules it looks at."""
        return self.all or self.any


def _kind_of(given: object) -> str | None:
    """The kind that a condition names, static where it names none."""
    named = given.get("kind", "static") if isinstance(given, dict) else getattr(given, "kind", None)
    return named if named is None else str(named)


Condition = Annotated[
    Annotated[Static, Tag("static")]
    | Annotated[Dynamic, Tag("dynamic")]
    | Annotated[Anomaly, Tag("anomaly")]
    | Annotated[Forecast, Tag("forecast")]
    | Annotated[Absent, Tag("absent")]
    | Annotated[BurnRate, Tag("burn_rate")]
    | Annotated[Change, Tag("change")]
    | Annotated[Budget, Tag("budget")]
    | Annotated[Composite, Tag("composite")],
    Discriminator(_kind_of),
]
"""Any of them, told apart by `kind`."""
KINDS: Mapping[str, type[_Condition]] = {
    "static": Static, "dynamic": Dynamic, "anomaly": Anomaly, "forecast": Forecast, "absent": Absent,
    "burn_rate": BurnRate, "change": Change, "budget": Budget,
    "composite": Composite,
}  # fmt: skip
"""The kinds of condition by name."""
