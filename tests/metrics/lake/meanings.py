"""What becomes of a file, without a home: read, recognized, looked through and converted as ingest does it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath

import polars as pl

from metrics.events.conversion import Occurrences, convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers, Question
from metrics.events.recognition.recognition import Unrecognized
from metrics.lake.formats import open_file
from metrics.lake.meaning import Meaning, Tally
from metrics.lake.unwrapping import unwrapped

NOW = datetime(2026, 11, 28, tzinfo=UTC)
SHIPPED = Mappings.load(Path("no such directory/mappings.yaml"))


@dataclass
class Became:
    """What a file became."""

    how: str = ""
    """By what it was recognized."""
    events: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    """By kind; of equal ids the first."""
    reasons: Counter[str] = field(default_factory=Counter[str])
    """Of rows that are no events."""
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str = ""
    """Why the file as a whole is refused."""

    @property
    def asks(self) -> str:
        """All questions."""
        return " ".join(one.asks for one in self.questions)


def became(
    path: Path, *, mappings: Mappings = SHIPPED, answers: Answers | None = None, batch_rows: int = 1_000_000
) -> Became:
    """What becomes of a file."""
    hint, answers = PurePath(path.name), answers or Answers()
    opened = unwrapped(open_file(path, batch_rows), hint, mappings, answers.map_name)
    meaning = Meaning(opened, hint, mappings, answers)
    outcome, tally, occurrences = Became(), Tally(), Occurrences()
    parts: dict[str, list[pl.DataFrame]] = {}
    try:
        for batch in opened.read():
            if batch.rows.is_empty():
                continue
            recognized = meaning.of(batch.rows)
            outcome.how, outcome.notes = recognized.how, meaning.notes
            if meaning.questions:
                outcome.questions = meaning.questions
                return outcome
            made = convert(
                batch.rows, recognized, now=NOW, prices=PriceBook(), source=path.name, occurrences=occurrences
            )
            for kind, part in made.items():
                tally.add(kind, part.good, part.rejected["reason"])
                outcome.reasons.update(part.rejected["reason"].to_list())
                if part.good.height:
                    parts.setdefault(kind, []).append(part.good)
    except Unrecognized as unrecognized:
        outcome.refusal = str(unrecognized)
        return outcome
    outcome.questions = meaning.doubts(tally)
    outcome.events = {
        kind: pl.concat(frames).unique("event_id", keep="first", maintain_order=True) for kind, frames in parts.items()
    }
    return outcome
