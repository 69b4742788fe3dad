"""What a condition makes of evidence: a verdict a row and column, with the figures it was read off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from alerts.judging.instance import Verdict
from alerts.judging.series import Floats
from alerts.rules.durations import written

Bools = NDArray[np.bool_]
Verdicts = NDArray[np.int8]
OPERATORS: Mapping[str, Callable[[Floats, float], Bools]] = {
    ">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip


@dataclass(frozen=True)
class Tally:
    """What stands behind verdicts over windows that had to grow; no columns where the rule's own window did."""

    columns: NDArray[np.intp]
    """Buckets that the window holds."""
    events: Floats
    bad: Floats | None = None
    """Those of them that are bad; None where nothing is."""

    def where(self, here: Bools) -> "Tally":
        """Only there."""
        return Tally(np.where(here, self.columns, 0), self.events, self.bad)

    def text(self, row: int, column: int, width: timedelta) -> str:
        """`7 of 12 events over 40m`; empty where the window did not grow."""
        columns = int(self.columns[row, column])
        if not columns:
            return ""
        events = f"{self.events[row, column]:,.0f} events over {written(columns * width)}"
        return events if self.bad is None else f"{self.bad[row, column]:,.0f} of {events}"


@dataclass(frozen=True)
class Judged:
    """A row an instance, a column an evaluation."""

    verdicts: Verdicts
    """Of `alerts.judging.Verdict`."""
    values: Floats
    """What was compared with the threshold: mostly the metric itself; NaN is none."""
    usual: Floats | None = None
    """What was to be expected, where the condition knows it."""
    low: Floats | None = None
    """Lower end of what is usual."""
    high: Floats | None = None
    """Upper end of what is usual."""
    problem: str = ""
    """Why nothing could be judged, where that is known."""
    tally: Tally | None = None
    """What the verdicts stand on, where windows had to grow."""
    ago: NDArray[np.intp] | None = None
    """How many evaluations before it had begun what the verdict says, by what the window shows that had to grow."""
    idle: NDArray[np.intp] | None = None
    """How many evaluations before it the newest events came that the verdict stands on."""


def verdicts(known: Bools, breach: Bools, recovered: Bools | None = None) -> Verdicts:
    """Breach, recovered (unless told: wherever there is no breach) or between the two, where anything is known."""
    calm = np.where(recovered, Verdict.RECOVERED, Verdict.BETWEEN) if recovered is not None else Verdict.RECOVERED
    return np.where(known, np.where(breach, Verdict.BREACH, calm), Verdict.NO_DATA).astype(np.int8)


def spared(found: Verdicts, too_little: Bools) -> Verdicts:
    """The verdicts, but for what is too little on a holiday."""
    return np.where(too_little, Verdict.HOLIDAY, found).astype(np.int8)


def unknown(values: Floats, problem: str) -> Judged:
    """Nothing could be judged."""
    return Judged(np.full(values.shape, Verdict.NO_DATA, np.int8), values, problem=problem)


def nine_digits(values: Floats) -> Floats:
    """The values to nine digits: what a sum over many gains or loses by where it began is none of them.

    Without this, the same instant could be judged otherwise alone than within a span.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (8 - np.floor(np.log10(np.abs(values))))
    return np.where(np.isfinite(scale), np.round(values * scale) / scale, values)
