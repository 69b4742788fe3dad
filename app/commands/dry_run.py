"""`promptpilot ingest FILE --dry-run`: what would come of files, in words and as JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.commands.printing import print_json, say
from app.wording import NOTHING

if TYPE_CHECKING:
    from metrics.lake.looking.figures import Figure
    from metrics.lake.looking.previewing import Preview
    from metrics.lake.looking.trying import Tried


def show(files: Sequence["Tried"], *, as_json: bool) -> bool:
    """Print what would come of the files; gives whether all of them would be stored whole."""
    if as_json:
        print_json({"files": [_document(file) for file in files]})
    else:
        for file in files:
            _tell(file)
        say("Nothing was stored: that is what would come of it.")
    return all(file.preview and not file.preview.rejected and not file.preview.questions for file in files)


def _document(file: "Tried") -> dict[str, object]:
    seen = file.preview
    if seen is None:
        return {"path": str(file.path), "problem": file.problem}
    kinds = {
        kind.kind: {
            "events": kind.events,
            "first": kind.first.isoformat() if kind.first else None,
            "last": kind.last.isoformat() if kind.last else None,
            "figures": [{"title": one.title, "value": one.value, "unit": one.unit} for one in kind.figures],
        }
        for kind in seen.kinds
    }
    return {
        "path": str(file.path), "how": seen.how, "read": seen.read, "events": seen.stored,
        "duplicates": seen.duplicates,
        "rejected": seen.rejected, "reasons": dict(seen.reasons), "kinds": kinds, "notes": list(seen.notes),
        "questions": [dict(one) for one in seen.questions],
    }  # fmt: skip


def _tell(file: "Tried") -> None:
    seen = file.preview
    if seen is None:
        say(f"{file.path}: nothing would come of it: {file.problem}")
        return
    say(f"{file.path}: recognized by {seen.how}")
    say(
        f"  {seen.read:,} rows read = {seen.stored:,} events + {seen.duplicates:,} duplicates within the file"
        f" + {seen.rejected:,} rejected"
    )
    for reason, count in seen.reasons.items():
        say(f"  {count:,} rows rejected: {reason}")
    _tell_kinds(seen)
    for note in seen.notes:
        say(f"  note: {note}")
    for question in seen.questions:
        say(f"  would be asked: {question['asks']}")


def _tell_kinds(seen: "Preview") -> None:
    for kind in seen.kinds:
        span = (
            f" from {kind.first:%Y-%m-%d %H:%M:%S} to {kind.last:%Y-%m-%d %H:%M:%S} UTC"
            if kind.first and kind.last
            else ""
        )
        say(f"  {kind.events:,} {kind.kind}{span}")
        for figure in kind.figures:
            say(f"    {figure.title:<22}{_value(figure):>18}")


def _value(figure: "Figure") -> str:
    if figure.value is None:
        return NOTHING
    whole = figure.value == int(figure.value) and figure.unit != "USD"
    number = f"{figure.value:,.0f}" if whole else f"{figure.value:,.4f}"
    return f"{number} {figure.unit}".rstrip()
