"""What the collector tells of itself: numbers in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from app import heartbeat
from app.page_times import BOUNDS_SECONDS, UPDATE, Histogram, PageTimes
from metrics.collect.taking import Taker
from metrics.lake.intake.received import segments

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """A value by its labels."""

    labels: Mapping[str, str]
    value: float
    suffix: str = ""
    """Behind the family's name: which part of a histogram it is."""


@dataclass(frozen=True, slots=True)
class Family:
    """A number, or one of each of several labels."""

    name: str
    """Without the `promptpilot_` that all of them begin with."""
    type: Literal["counter", "gauge", "histogram"]
    help: str
    samples: Sequence[Sample]
    """None where it is not known."""


def families(home: Path, taker: Taker, rejected: int, pages: PageTimes, now: datetime) -> Iterator[Family]:
    """The collector's numbers, and what it sees of the sidecar's in the home. `rejected`: events, so far."""
    taken = taker.taken
    yield Family(
        "events_received_total", "counter", "Events that were taken since the collector began, by kind.",
        [Sample({"kind": kind}, taken[kind]) for kind in sorted(taken)],
    )  # fmt: skip
    yield _one(
        "events_rejected_total", "counter", "Events that were not taken, since the collector began.", rejected
    )  # fmt: skip
    yield _one("events_waiting", "gauge", "Events that are not written down yet.", taker.waiting)
    yield _one("log_writable", "gauge", "1 while events can be written down, else 0.", float(not taker.trouble))
    written = [*_written(home)]
    yield _one("segments_waiting", "gauge", "Segments of events that are not stored yet.", len(written))
    yield _one(
        "ingest_lag_seconds", "gauge", "Age of the oldest segment that is not stored yet; 0 where all are.",
        max(0.0, now.timestamp() - min(written, default=now.timestamp())),
    )  # fmt: skip
    job = heartbeat.job(home, heartbeat.EVALUATE)
    evaluated = None if job is None or job.finished is None else (now - job.finished).total_seconds()
    yield _one("rule_evaluation_age_seconds", "gauge", "Since the alert rules were evaluated last.", evaluated)
    yield _one("sidecar_age_seconds", "gauge", "Since the sidecar's last sign of life.", heartbeat.age(home, now))

    yield Family(
        "page_seconds", "histogram",
        "From the click until a page had shown a step, in visitors' browsers, since the collector began.",
        [
            sample
            for (page, step), found in sorted(pages.histograms.items())
            if step != UPDATE
            for sample in _samples({"page": page, "step": step}, found)
        ],
    )  # fmt: skip
    yield Family(
        "update_seconds", "histogram",
        "From when an event was received until a browser had shown it, since the collector began.",
        [
            sample
            for (page, step), found in sorted(pages.histograms.items())
            if step == UPDATE
            for sample in _samples({"page": page}, found)
        ],
    )  # fmt: skip


def exposition(told: Iterable[Family]) -> str:
    """Families as text; those without a sample are left out."""
    return "".join(line + "\n" for family in told if family.samples for line in _lines(family))


def _one(name: str, type: Literal["counter", "gauge"], help: str, value: float | None) -> Family:
    return Family(name, type, help, [] if value is None else [Sample({}, value)])


def _samples(labels: Mapping[str, str], found: Histogram) -> Iterator[Sample]:
    for bound, count in zip(BOUNDS_SECONDS, found.counts, strict=True):
        yield Sample({**labels, "le": f"{bound:g}"}, count, "_bucket")
    yield Sample({**labels, "le": "+Inf"}, found.count, "_bucket")
    yield Sample(labels, found.sum, "_sum")
    yield Sample(labels, found.count, "_count")


def _written(home: Path) -> Iterator[float]:
    """When each segment that waits was written to last, in seconds since 1970."""
    for found in segments(home):
        with suppress(FileNotFoundError):  # it has been stored meanwhile
            yield found.path.stat().st_mtime


def _lines(family: Family) -> Iterator[str]:
    name = f"promptpilot_{family.name}"
    yield f"# HELP {name} {_escaped(family.help)}"
    yield f"# TYPE {name} {family.type}"
    for labels, value, suffix in family.samples:
        said = ",".join(f'{label}="{_quoted(text)}"' for label, text in labels.items())
        yield f"{name}{suffix}{{{said}}} {value:.17g}" if said else f"{name}{suffix} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
