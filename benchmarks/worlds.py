"""How true the shipped rules are: over ten days of three sizes of product, in worlds that they were not made for.

Every rule but those of P3 is tried over the history of each home, as `promptpilot alerts backtest` does, and held
against what was planted: found by a rule that is meant for it, found by any, missed; and what fired for no reason.
Seeds up to `LOOKED_AT` were looked at while rules and arithmetic were chosen; the others were kept back.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from alerts.judging.holidays import Holidays
from alerts.rules import AlertRule, Priority
from alerts.rules.files import shipped_texts
from alerts.rules.model import MIN_BAD_EVENTS
from alerts.rules.reading import rule_set
from alerts.trying.backtest import backtest
from metrics.catalog import METRICS
from metrics.engine import Engine, Window
from metrics.events.simulator import WORLDS, simulate
from metrics.events.truth import TRUTH
from metrics.lake.ingest import ingest
from metrics.settings import Settings

DAYS, END, SETTLE = 10, datetime(2026, 6, 1, tzinfo=UTC), timedelta(seconds=10)
SIZES = (200, 5_000, 50_000)
LOOKED_AT, KEPT_BACK = range(1, 6), range(101, 106)
NAMES = ("silent-nights", "quiet-weekends", "holiday", "no-probes", "growth")
"""One a seed."""
KINDS = ("request", "llm_call", "error", "resource", "health", "change", "security")
SLACK = timedelta(minutes=15)
"""Longer than this and `recover_for`, no alert may outlast its cause."""
SOON = (timedelta(minutes=7), timedelta(minutes=30))
"""`duration` and two minutes; and what a small product may take."""
_REQUESTS = ("system-down", "error-rate-overall-p0", "error-rate-p0", "error-rate-overall-p1", "error-rate-p1",
             "error-rate-overall-p2", "error-rate-p2")  # fmt: skip
MEANT: Mapping[str, Sequence[str]] = {
    "outage": (*_REQUESTS, "component-down"),
    "errors_everywhere": _REQUESTS,
    "database_outage": ("component-down", "database-errors", *_REQUESTS),
    "region_outage": _REQUESTS,
    "slowdown": ("latency-overall-p0", "latency-overall-p1", "latency-p0", "latency-p1", "latency-overall-p2",
                 "latency-p2", "latency-change"),
    "provider_outage": ("provider-outage", "component-down-any", *_REQUESTS),
    "silence": ("traffic-absent", "traffic-drop"),
    "cost_spike": ("cost-spike", "user-spend"),
    "user_spend": ("user-spend", "cost-spike"),
}  # fmt: skip
"""Rules that are meant for each kind of incident."""
URGENT = ("outage", "errors_everywhere")
"""Those that P0 has to tell."""
SIGNS: Mapping[str, pl.Expr] = {"request": pl.col("status_code") >= 500, "llm_call": pl.col("status") != "ok"}
"""Events by which most incidents can be told."""
WORKED: Mapping[str, str] = {"slowdown": "request", "cost_spike": "llm_call", "user_spend": "llm_call"}
"""The events of those in which nothing fails."""


@dataclass
class Tally:
    """What came of some homes."""

    homes: int = 0
    planted: int = 0
    unseen: int = 0
    """Of these, incidents in which next to nothing happened that could be told from chance."""
    meant: int = 0
    by_any: int = 0
    alerts: int = 0
    false: int = 0
    outside: timedelta = timedelta()
    """Firing outside of incidents and their aftermath."""
    longest: timedelta = timedelta()
    """What an alert outlasted its cause by, beyond `recover_for`."""
    late: int = 0
    """Alerts that outlasted it by more than they may."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.homes + other.homes, self.planted + other.planted, self.unseen + other.unseen,
            self.meant + other.meant, self.by_any + other.by_any, self.alerts + other.alerts,
            self.false + other.false, self.outside + other.outside, max(self.longest, other.longest),
            self.late + other.late,
        )  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What the rules made of one home."""

    tally: Tally
    missed: tuple[str, ...]
    """Incidents that can be seen and no rule found."""
    delays: Mapping[str, timedelta | None]
    """By incident that can be seen and P0 has to tell: how long after its first event it did."""
    false: tuple[str, ...]
    late: tuple[str, ...]
    """What outlasted its cause for too long."""


def home_of(world: str, per_day: int, seed: int, work: Path) -> Path:
    """A home of ten days, made once, with the holidays of its world in its settings."""
    place = work / f"{world}-{per_day}-{seed}"
    if not (place / TRUTH).exists():
        shutil.rmtree(place, ignore_errors=True)
        simulate(place / "events", days=DAYS, per_day=per_day, seed=seed, end=END, kinds=KINDS, world=WORLDS[world])
        files = sorted((place / "events").glob("*/*.parquet"))
        ingest(files, Settings(home=place / "home"), now=lambda: END)
        (place / "events" / TRUTH).rename(place / TRUTH)
        shutil.rmtree(place / "events")
    days = ", ".join(str((END - timedelta(days=1 + back)).date()) for back in WORLDS[world].holidays)
    (place / "home" / "settings.yaml").write_text(f"holidays: [{days}]\n", encoding="utf-8")
    return place


def seen_from(lake: Path, incident: Mapping[str, Any]) -> datetime | None:
    """When the first event came that tells an incident from chance.

    None where too few failed, or were of what was slow or dear, and no probe found its component ill.
    """
    begin, end = (datetime.fromisoformat(incident[name]) for name in ("start", "end"))
    if incident["kind"] == "silence":
        return begin
    during = (pl.col("ts") >= begin) & (pl.col("ts") < end)
    affected = pl.all_horizontal(during, *(pl.col(name) == value for name, value in incident["affects"].items()))
    worked = WORKED.get(incident["kind"])
    signs = {worked: pl.lit(True)} if worked else SIGNS
    ill = during & (pl.col("component") == incident["component"]) & (pl.col("status") != "healthy")
    looked_for = [(kind, affected & sign, MIN_BAD_EVENTS) for kind, sign in signs.items()] + [("health", ill, 1)]
    found = [(_times(lake, kind, condition), fewest) for kind, condition, fewest in looked_for]
    first = [times[0] for times, fewest in found if len(times) >= fewest]
    return min(first, default=None)


def _times(lake: Path, kind: str, condition: pl.Expr) -> list[datetime]:
    files = sorted((lake / kind).rglob("*.parquet"))
    return pl.scan_parquet(files).filter(condition).collect()["ts"].sort().to_list() if files else []


def tried(place: Path, rules: Sequence[AlertRule]) -> Found:
    """What the rules would have done in it."""
    settings = Settings(home=place / "home")
    engine, holidays = Engine(settings), Holidays.of(settings.holidays, settings.timezone)
    window = Window(start=END - timedelta(days=DAYS), end=END)
    told = json.loads((place / TRUTH).read_text(encoding="utf-8"))["incidents"]
    spans = {one["name"]: (datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in told}
    kinds = {one["name"]: one["kind"] for one in told}
    found: dict[str, set[str]] = {name: set() for name in spans}
    seen = {one["name"]: at for one in told if (at := seen_from(place / "home" / "lake", one))}
    urgent: dict[str, timedelta | None] = {name: None for name in seen if kinds[name] in URGENT}
    tally = Tally(homes=1, planted=len(spans), unseen=len(spans) - len(seen))
    false, late = list[str](), list[str]()
    for rule in rules:
        outcome = backtest(rule, engine, window, END + timedelta(minutes=1), SETTLE, rules, holidays=holidays)
        slack = rule.condition.duration + rule.max_window + rule.window + SETTLE
        for alert in outcome.alerts:
            start, end = outcome.span(alert)
            hit = [name for name, (first, last) in spans.items() if end >= first and alert.since <= last + SETTLE]
            hit = hit or [name for name, (first, last) in spans.items() if end >= first and start <= last + slack]
            tally.alerts += 1
            if not hit:
                tally.false += 1
                tally.outside += end - start
                false.append(f"{alert.key} {start:%d %H:%M}-{end:%d %H:%M} {alert.worst} {alert.basis}")
                continue
            over = end - max(spans[name][1] for name in hit) - rule.condition.recover_for
            if alert.ended_at is not None:
                tally.longest = max(tally.longest, over)
                late += [f"{alert.key} {over} after {', '.join(hit)}"] if over > SLACK else []
            for name in hit:
                found[name].add(rule.id)
                if name in urgent and rule.priority is Priority.P0:
                    delay = max(start - seen[name], timedelta())
                    urgent[name] = delay if urgent[name] is None else min(delay, urgent[name] or delay)
    tally.late = len(late)
    tally.by_any = sum(bool(ids) for ids in found.values())
    tally.meant = sum(bool(ids & set(MEANT.get(kinds[name], ids))) for name, ids in found.items())
    missed = tuple(name for name, ids in found.items() if not ids and name in seen)
    return Found(tally, missed, urgent, tuple(false), tuple(late))


def shipped() -> tuple[AlertRule, ...]:
    """The rules that disturb somebody."""
    rules = rule_set({}, METRICS, shipped=shipped_texts()).rules.values()
    return tuple(rule for rule in rules if rule.priority is not Priority.P3)


def homes(seeds: Sequence[int], sizes: Sequence[int] = SIZES) -> Iterator[tuple[str, int, int]]:
    """World, requests a day and seed."""
    for per_day in sizes:
        for number, seed in enumerate(seeds):
            yield ("small" if per_day == 200 and number % 2 else NAMES[number % len(NAMES)]), per_day, seed


def rows(work: Path, seeds: Sequence[int]) -> Iterator[str]:
    """The table, a line a size of product."""
    rules = shipped()
    for per_day in SIZES:
        total, missed, delays = Tally(), list[str](), list[timedelta | None]()
        for home in homes(seeds, [per_day]):
            found = tried(home_of(*home, work), rules)
            total += found.tally
            missed += found.missed
            delays += found.delays.values()
        yield _row(per_day, total, missed, delays)


HEAD = (
    "| requests a day | planted | with nothing to see | found by a rule meant for it | by any | missed | alerts | "
    "false | firing outside | told by P0 | outlast their cause by > 15 min |"
)


def table(work: Path) -> str:
    """Both tables, of the homes that were looked at and of those that were kept back."""
    line = "|" + "---|" * HEAD.count(" | ") + "---|"
    parts = (("Looked at", LOOKED_AT), ("Kept back", KEPT_BACK))
    return "\n\n".join("\n".join([f"{name}:\n", HEAD, line, *rows(work, seeds)]) for name, seeds in parts)


def _row(per_day: int, total: Tally, missed: Sequence[str], delays: Sequence[timedelta | None]) -> str:
    wrong = f"{total.false} ({100 * total.false / max(total.alerts, 1):.0f} %)"
    told = sorted(one for one in delays if one is not None)
    soon = f"{len(told)} of {len(delays)}"
    if told:
        within = ", ".join(f"{sum(one <= limit for one in told)} within {_minutes(limit)}" for limit in SOON)
        soon += f": {within}, the last after {_minutes(told[-1])}"
    kinds = ", ".join(sorted({name.rsplit("-", 1)[0] for name in missed})) or "–"
    cells = (
        f"{per_day:,}", total.planted, total.unseen, total.meant, total.by_any, kinds, total.alerts, wrong,
        f"{total.outside / timedelta(hours=1):.1f} h", soon, f"{total.late}, at most by {_minutes(total.longest)}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _minutes(length: timedelta) -> str:
    return f"{length / timedelta(minutes=1):.0f} min"


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
