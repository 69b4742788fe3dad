"""What a file leaves open, for the person at the terminal: what is asked, and what to type to answer."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.events.questions import Question


def told(path: Path, questions: "Sequence[Question]") -> Iterator[str]:
    """Lines that ask, each option with its command."""
    from metrics.events.questions import arguments, is_settable

    command = f"promptpilot ingest {shlex.quote(str(path))}"
    for one in questions:
        yield f"  ? {one.asks}"
        width = max((len(option.says) for option in one.options), default=0)
        for option in one.options:
            # What cannot be typed is taken by --yes where it comes first, and said in a mapping where it does not.
            if is_settable(option) or option is one.options[0] or not option.rules:
                said = arguments(option) if is_settable(option) else "--yes"
                yield f"      {option.says:<{width}}  {command} {said}"
    yield "    Otherwise say what its columns mean, on the Data page or in mappings.yaml:"
    yield f"      {command} --map NAME"
