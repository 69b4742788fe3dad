"""What the tests of looks share: rows in batches, looked at and converted as the reading process does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import polars as pl

from metrics.events.conversion import Occurrences, convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers, Question
from metrics.events.recognition.recognition import recognize
from metrics.events.survey.survey import Survey
from tests.metrics.events.conftest import NOW, TIME


@dataclass(frozen=True)
class Surveyed:
    """What came of a file."""

    good: pl.DataFrame
    reasons: list[str]
    notes: tuple[str, ...]
    questions: tuple[Question, ...]


def surveyed(
    rows: Mapping[str, Any],
    *,
    answers: Answers | None = None,
    batches: int = 1,
    columns: Mapping[str, Any] | None = None,
    kind: str = "llm_call",
) -> Surveyed:
    """Rows of one kind, looked at as a whole and then converted, in so many batches."""
    table = pl.DataFrame(rows, strict=False)
    mapping = {"name": "own", "kind": kind, "columns": columns or {}}
    mappings = Mappings.model_validate({"own": [mapping]})
    recognized = recognize(table.schema, PurePath("file.csv"), mappings, "own", table)
    size = -(-table.height // batches)
    parts = [table.slice(start, size) for start in range(0, table.height, size)]
    survey = Survey(answers)
    if survey.opens(parts[0], recognized):
        for part in parts:
            survey.see(part, recognized)
    settled = survey.settled(recognized)
    seen = Occurrences()
    outcomes = [
        convert(part, settled, now=NOW, prices=PriceBook(), source="file.csv", occurrences=seen)[kind] for part in parts
    ]
    return Surveyed(
        pl.concat(outcome.good for outcome in outcomes),
        [reason for outcome in outcomes for reason in outcome.rejected["reason"]],
        (*survey.notes, *seen.remarks.notes),
        survey.questions,
    )


def calls(**columns: Sequence[Any]) -> dict[str, Any]:
    """Calls of a model, one for each value of the columns given."""
    count = max(len(values) for values in columns.values())
    return {"ts": [TIME] * count, "event_id": [str(number) for number in range(count)], "model": ["gpt-4o"] * count,
            "input_tokens": [10] * count, "output_tokens": [1] * count, **columns}  # fmt: skip
