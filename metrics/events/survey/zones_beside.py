"""Times without a zone beside a column that says one: a clock of its own, or only where somebody was.

Read as UTC such times would be hours off in silence. Whether the column speaks of them, nobody but a person knows.
"""

from collections.abc import Iterable
from typing import Any

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT
from metrics.events.survey.feeding import fed, rule_of, sampled
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.times import is_local
from metrics.events.values.zones import offset
from metrics.zones import KNOWN

_NAMES = frozenset((
    "timezone", "tz", "tzname", "timezonename", "timezoneid", "utcoffset", "tzoffset", "timezoneoffset", "gmtoffset",
    "zoneoffset", "localtimezone", "logtimezone",
))  # fmt: skip
"""Letters of names of such columns."""
_OFFSET = r"^(?:UTC|GMT)?[-+]\d{1,2}(?::?\d{2})?$"
_UTC = r"(?i)^(?:utc|gmt|z|etc/utc|etc/gmt|(?:utc|gmt)?[-+]0{1,2}(?::?00)?)$"
_FEW = 3


class ZoneBeside:
    """The look at what a column says of zones."""

    column = "ts"

    def __init__(self, part: Part, time: str, zone: str) -> None:
        self._part, self._time, self._zone = part, time, zone
        self._said: dict[str, None] = {}

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        if {self._time, self._zone} <= set(rows.columns):
            local = rows.filter(_is_clock(self._time, rows.schema[self._time]))
            self._said.update(dict.fromkeys(_zones(local[self._zone])))

    def verdict(self) -> Verdict:
        """The question, where the column says another zone than UTC."""
        zones = sorted(self._said)
        if not zones:
            return Verdict()
        said = ", ".join(zones[:_FEW]) + (", …" if len(zones) > _FEW else "")
        asks = f"{self._time} has times without a zone, and {self._zone.removeprefix(FLAT)} says {said}: is it theirs?"
        rule = self._rule(zones)
        if rule is None:
            asks += " Each in a zone of its own they cannot be read: write their offsets behind them"
        theirs = () if rule is None else (Option("theirs: read them so", {"ts": rule}),)
        options = (*theirs, Option("not theirs: they are UTC", {"ts": {"zone": "UTC"}}))
        return Verdict(question=Question(self._part.kind.name, self._time, asks, options))

    def _rule(self, zones: list[str]) -> dict[str, Any] | None:
        if len(zones) == 1 and zones[0] in KNOWN:
            return {"zone": zones[0]}
        if pl.Series(zones).str.contains(_OFFSET).all():
            return {"from": [], "join": [self._time.removeprefix(FLAT), self._zone.removeprefix(FLAT)]}
        return None


def _is_clock(time: str, dtype: pl.DataType) -> pl.Expr:
    """Which times are read from a clock of a zone that they do not say; a number since 1970 is not."""
    counted = pl.col(time).cast(pl.String, strict=False).str.contains(r"^\s*\d+(?:\.\d+)?\s*$")
    return (is_local(time, dtype) & ~counted).fill_null(False)


def _zones(values: pl.Series) -> pl.Series:
    """Zones other than UTC, each once."""
    texts = values.drop_nulls().str.strip_chars().unique(maintain_order=True)
    return texts.filter(~texts.str.contains(_UTC) & (texts != ""))


def _are_zones(values: pl.Series) -> bool:
    """Whether a column says zones, and any other than UTC."""
    if values.dtype != pl.String:
        return False
    texts = _zones(values).to_frame("text")
    known = texts.select(offset(pl.col("text")).is_not_null() | pl.col("text").str.contains(r"^[A-Z][A-Za-z]+/\w+"))
    return bool(texts.height) and bool(known.to_series().all())


def look_for_zones_beside(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where times say no zone, no rule says it, and a column beside them does."""
    rule = rule_of(part, part.kind.by_name["ts"])
    if rule.zone is not None or rule.format or rule.start is not None or rule.join:
        return
    beside = [name for name in rows.columns if "".join(filter(str.isalpha, name.lower())) in _NAMES]
    for time in fed(rows, part)["ts"][:1] if beside else ():
        if time in rows.columns and rows.select(_is_clock(time, rows.schema[time]).any()).item():
            yield from (ZoneBeside(part, time, name) for name in beside if _are_zones(sampled(rows[name])))
