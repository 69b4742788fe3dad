"""What a file leaves open, for the person at the terminal: what is asked, and what to type to answer."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.events.questions import Question


def told(path: Path, questions: "Sequence[Question]") -> Iterator[str]:
    """Lines that ask, each option with its command."""
    from metrics.events.questions import arguments

    command = f"promptpilot ingest {shlex.quote(str(path))}"
    for one in questions:
        yield f"  ? {one.asks}"
        width = max((len(option.says) for option in one.options), default=0)
        for option in one.options:
            yield f"      {option.says:<{width}}  {command} {arguments(option)}"
    yield "    Otherwise say what its columns mean, on the Data page or in mappings.yaml:"
    yield f"      {command} --map NAME"
