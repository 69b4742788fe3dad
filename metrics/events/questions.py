"""What a file leaves open is asked of a person, and nothing of it is stored until somebody said.

    Question("llm_call", "latency", "latency is 0.4 to 9.1: seconds or milliseconds?", (
        Option("seconds", {"duration_ms": {"unit": "s"}}),
        Option("milliseconds", {"duration_ms": {"unit": "ms"}}),
    ))

An option is said in the words of a mapping: keys of the rules of our columns. `Answers` carries what somebody said,
as `promptpilot ingest FILE --yes` or `--set duration_ms.unit=s` does.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter

Rules = Mapping[str, Mapping[str, Any]]
"""By our column, keys and values as in a mapping: `{"ts": {"order": "day_first"}}`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer."""

    says: str
    """In words: `seconds`."""
    rules: Rules = field(default_factory=dict[str, Mapping[str, Any]])
    """What it adds to the columns' rules; empty: read it as it was recognized."""


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be known before a file can be stored."""

    kind: str
    """The event kind its rows would be."""
    about: str
    """The column of the file it is about; empty: the file as a whole."""
    asks: str
    """A sentence with the values that leave it open."""
    options: tuple[Option, ...] = ()
    """The likeliest first; none where only a mapping can answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said of one file."""

    yes: bool = False
    """Read it as it was recognized; what is still open is taken as the first option says."""
    rules: Rules = field(default_factory=dict[str, Mapping[str, Any]])
    """Added to the rules of these columns, in every part that has them."""
    map_name: str | None = None
    """The mapping to read it with."""

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Answers":
        """From JSON."""
        return _ANSWERS.validate_python(dict(document))


_ANSWERS = TypeAdapter(Answers)
_QUESTIONS = TypeAdapter(tuple[Question, ...])


def as_documents(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Questions for JSON."""
    return [asdict(question) for question in questions]


def from_documents(documents: object) -> tuple[Question, ...]:
    """Questions from JSON."""
    return _QUESTIONS.validate_python(documents)


def how_to_answer(questions: Sequence[Question]) -> str:
    """What to type to answer: `--set duration_ms.unit=s (seconds) or …`; `--map` always helps."""
    options = [option for one in questions for option in one.options]
    settings = [f"{arguments(option)} ({option.says})" for option in options if is_settable(option)]
    first = [one.options[0] for one in questions if one.options]
    plain = [option for option in first if not is_settable(option)]
    yes = ["--yes to read it so"] if any(not option.rules for option in plain) else []
    yes = yes or [f"--yes ({option.says})" for option in plain[:1]]
    return "answer with promptpilot ingest FILE " + ", or ".join(
        [*yes, *settings, "--map NAME with a mapping of mappings.yaml"]
    )


def is_settable(option: Option) -> bool:
    """Whether an option can be typed: the words of a map are too many for a command line."""
    return bool(option.rules) and not any(
        isinstance(said, dict) for keys in option.rules.values() for said in keys.values()
    )


def arguments(option: Option) -> str:
    """What says this option behind `promptpilot ingest FILE`."""
    if not is_settable(option):
        return "--yes"
    said = [
        f"--set {column}.{key}={_word(value)}" for column, keys in option.rules.items() for key, value in keys.items()
    ]
    return " ".join(said)


def _word(value: Any) -> str:
    return shlex.quote(str(value))
