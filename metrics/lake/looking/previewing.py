"""What would come of a whole file, without storing anything of it: counts, reasons, and the main figures.

Runs in the reading process only, as `peek` does. It reads, recognizes, surveys and converts as ingest will, so that
the figures of the preview are those of the pages afterwards.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from metrics.events.conversion import Occurrences, convert
from metrics.events.mapping.mappings import FileMapping, Mappings
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers, as_documents
from metrics.events.recognition.recognition import Recognized
from metrics.events.rows.containers import by_name, reached
from metrics.events.rows.parting import parted, prepared, sought_in
from metrics.events.values.converting import text_of
from metrics.lake.formats import open_file
from metrics.lake.looking.figures import Figure, Gathered
from metrics.lake.looking.peeking import LONGEST_TEXT, without_values
from metrics.lake.meaning import Meaning, Tally
from metrics.lake.problems import Unreadable
from metrics.lake.unwrapping import unwrapped

MOST_REASONS = 20
MOST_WORDS = 100
"""Different values of a column that are told."""
_IDENTIFYING = frozenset(("span_id", "spanid"))
"""Columns that make up an event's identity though no column of ours is called so."""


@dataclass(frozen=True)
class PreviewTask:
    """Which file, and how it is to be read."""

    path: str
    hint: str
    """Path below the inbox."""
    home: str
    now: str
    batch_rows: int
    mapping: Mapping[str, Any] | None = None
    """A mapping to try out, as its YAML would say it; None: as it is recognized."""
    answers: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class KindPreview:
    """What the events of one kind would come to."""

    kind: str
    events: int
    first: datetime | None
    last: datetime | None
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Preview:
    """What would come of a file. `read = stored + duplicates + rejected`, where a row is one event."""

    how: str
    """By what it was recognized."""
    read: int
    stored: int
    duplicates: int
    """Rows with an id that another row of the file has; what the lake holds already is not looked up."""
    rejected: int
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    """The most frequent reasons, values left out."""
    kinds: tuple[KindPreview, ...] = ()
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """For columns of the file that become columns with known values: all they say, with the number of rows."""
    notes: tuple[str, ...] = ()
    questions: tuple[Mapping[str, Any], ...] = ()
    """What ingest would ask before it stored anything."""


def preview(task: PreviewTask, told: Callable[[dict[str, Any]], None]) -> Preview:
    """Convert a whole file and count; `told` hears how many rows are done.

    Raises:
        Unreadable: the file as a whole cannot become events.
        MappingError, Unrecognized: the mapping cannot be used, or nothing fits.
    """
    home = Path(task.home)
    mappings, answers = _said(task, home)
    hint = PurePath(task.hint)
    opened = unwrapped(open_file(Path(task.path), task.batch_rows), hint, mappings, answers.map_name)
    meaning, prices = Meaning(opened, hint, mappings, answers), PriceBook.load(home / "prices.yaml")
    now, occurrences, tally = datetime.fromisoformat(task.now), Occurrences(makes=False), Tally(prices=prices)
    gathered: dict[str, Gathered] = {}
    words: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    rows, how, asked = 0, "", ()
    for batch in opened.read():
        rows += batch.rows.height + len(batch.broken)
        reasons.update(without_values(reason) for _, reason, _ in batch.broken)
        if batch.rows.height:
            recognized = meaning.of(batch.rows)
            how, asked = recognized.how, meaning.questions
            frame = _projected(batch.rows, recognized)
            _count_words(words, frame, recognized)
            for kind, part in convert(
                frame, recognized, now=now, prices=prices, source=task.hint, occurrences=occurrences
            ).items():
                tally.add(kind, part.good, part.rejected["reason"])
                for reason, count in part.rejected["reason"].value_counts().iter_rows():
                    reasons[without_values(reason)] += count
                if part.good.height:
                    gathered.setdefault(kind, Gathered(kind)).add(part.good)
        told({"rows": rows, "of": opened.rows})
    if rows == 0:
        raise Unreadable("the file has no rows")
    if missing := meaning.missing(occurrences):
        raise Unreadable(missing)
    return Preview(
        how=how,
        read=rows,
        stored=sum(one.rows for one in gathered.values()),
        duplicates=sum(one.duplicates for one in gathered.values()),
        rejected=reasons.total(),
        reasons=dict(reasons.most_common(MOST_REASONS)),
        kinds=tuple(
            KindPreview(kind, one.rows, one.first, one.last, one.figures())
            for kind, one in gathered.items()
            if one.rows
        ),
        words={column: dict(counted.most_common(MOST_WORDS)) for column, counted in words.items()},
        notes=(*opened.remarks, *meaning.notes, *occurrences.remarks.notes),
        questions=tuple(as_documents(asked or meaning.doubts(tally))),
    )


def _said(task: PreviewTask, home: Path) -> tuple[Mappings, Answers]:
    answers = Answers.from_document(task.answers or {})
    if task.mapping is None:
        return Mappings.load(home / "mappings.yaml"), answers
    mapping = FileMapping.model_validate(task.mapping)
    return Mappings(own=(mapping,)), replace(answers, map_name=mapping.name)


def _projected(frame: pl.DataFrame, recognized: Recognized) -> pl.DataFrame:
    """Only the columns that something is made of: attributes count for nothing here, and cost most of the time."""
    sought = reached(frame.columns, sought_in(recognized) | _IDENTIFYING)
    kept = [name for name in frame.columns if name in sought]
    return frame.select(kept) if kept else frame


def _count_words(words: dict[str, Counter[str]], frame: pl.DataFrame, recognized: Recognized) -> None:
    """What the file says where one of our columns has known values only."""
    chosen = [(part, column, part.columns[column.name]) for part in recognized.parts for column in part.kind.columns
              if column.one_of and column.name in part.columns and part.columns[column.name].names]  # fmt: skip
    if not chosen:
        return
    for part, rows in parted(prepared(frame, recognized), recognized):
        named = by_name(rows.columns)
        for own, _, rule in chosen:
            for said in rule.names if own is part else ():
                name = named.get(said.lower())
                if name is not None:
                    _count(words.setdefault(said, Counter()), rows, name)


def _count(counted: Counter[str], rows: pl.DataFrame, name: str) -> None:
    text = text_of(name, rows.schema[name]).str.slice(0, LONGEST_TEXT).alias("text")
    for said, count in rows.lazy().group_by(text).len().collect().iter_rows():
        if said is not None and said.strip():
            counted[said] += count
