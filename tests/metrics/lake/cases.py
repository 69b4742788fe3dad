"""What became of a small file, read as the reading process reads it: recognized, looked over, converted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from metrics.events.conversion import Converted, Occurrences, convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers, Question
from metrics.lake.formats.opening import open_file
from metrics.lake.meaning import Meaning
from tests.metrics.events.conftest import NOW

CASES = Path(__file__).parents[2] / "fixtures" / "cases"
NO_HOME = Path("no such directory/mappings.yaml")


@dataclass(frozen=True)
class Read:
    """What a file became."""

    parts: Mapping[str, Converted]
    notes: tuple[str, ...]
    questions: tuple[Question, ...]
    missing: str

    @property
    def calls(self) -> pl.DataFrame:
        return self.parts["llm_call"].good

    def sums(self, *columns: str) -> dict[str, Any]:
        """Number of calls, and sums of columns."""
        return {"calls": self.calls.height, **{name: self.calls[name].sum() for name in columns}}


def read(path: Path, mappings: Path = NO_HOME, answers: Answers | None = None, batch_rows: int = 1_000_000) -> Read:
    """Read a file; nothing is converted of one that leaves questions open."""
    opened = open_file(path, batch_rows)
    meaning = Meaning(opened, PurePath(path.name), Mappings.load(mappings), answers or Answers())
    seen, parts = Occurrences(), dict[str, Converted]()
    for batch in opened.read():
        recognized = meaning.of(batch.rows)
        if meaning.questions:
            break
        for kind, part in convert(
            batch.rows, recognized, now=NOW, prices=PriceBook(), source=path.name, occurrences=seen
        ).items():
            earlier = parts.get(kind)
            parts[kind] = part if earlier is None else _joined(earlier, part)
    return Read(parts, meaning.notes, meaning.questions, "" if meaning.questions else meaning.missing(seen))


def _joined(first: Converted, second: Converted) -> Converted:
    rejected = pl.concat([first.rejected, second.rejected])
    return Converted(first.kind, pl.concat([first.good, second.good]), rejected, pl.concat([first.rows, second.rows]))
