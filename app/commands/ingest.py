"""`promptpilot ingest`: files become events, once, in the foreground."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, cluster_of, now, settings_of
from app.commands.outcome import Exit, invalid, unknown, wrong
from app.commands.printing import print_json, say
from app.commands.progress import FileBar, progress_bar
from app.commands.questions import told
from app.terminal import plain

if TYPE_CHECKING:
    from metrics.events.questions import Answers
    from metrics.lake.ingest import FileOutcome, IngestReport
    from metrics.lake.readers import ReaderPool
    from metrics.settings import Settings


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files or directories; none: the inbox.")
    ] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Mapping of mappings.yaml to read them with.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Read files as they are recognized, without asking.")] = False,
    said: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN.KEY=VALUE", help="Answer what was asked: duration_ms.unit=s."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Store nothing; tell what would come of the files, with their main figures."),
    ] = False,
    whole: Annotated[
        bool,
        typer.Option("--replace", help="Read stored files again, in the place of what they brought."),
    ] = False,
    on_spark: Annotated[
        bool, typer.Option("--spark", help="Convert the files on the cluster at spark.url: for thousands of them.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Store the events of files. Every row read is stored, known already, or rejected with a reason."""
    for path in paths or ():
        if not path.exists() and not path.is_symlink():
            raise wrong(f"{path}: there is no such file or directory")
    settings = settings_of(home)
    _check_mappings(settings.home, map_name)

    answers = _answers(yes, said or (), map_name)
    if answers is not None and not paths:
        raise wrong("--yes, --set and --map are said of files: name them")
    if whole and not paths:
        raise wrong("--replace is said of files: name them")

    if on_spark and (whole or dry_run):
        raise wrong("--spark stores new files: leave out --replace and --dry-run")
    readers = _executors(settings) if on_spark else None

    if dry_run:
        _dry_run(paths or [settings.home / "inbox"], settings, answers, as_json=as_json)
        return

    from metrics.lake.ingest import IngestReport, ingest_inbox
    from metrics.lake.ingest import ingest as ingest_paths

    with progress_bar() as show:
        progress = FileBar(show) if show else None
        if paths:
            done, rest = _again(paths, settings, answers, whole=whole)
            report = (
                ingest_paths(rest, settings, now=now, answers=answers, progress=progress, readers=readers)
                if rest
                else None
            )
            report = IngestReport((*done, *(report.files if report else ())))
        else:
            report = ingest_inbox(settings, now=now, progress=progress, readers=readers)
    if as_json:
        print_json(as_document(report))
    else:
        _tell(report)
    if (
        report.rejected
        or (paths and (report.gone or report.waiting))
        or any(file.status == "rejected" for file in report.files)
    ):
        raise typer.Exit(Exit.DIFFERENT)


def _executors(settings: "Settings") -> "ReaderPool":
    from metrics.lake.executors import Executors

    cluster_of(settings)
    return Executors(settings)


def _dry_run(paths: Sequence[Path], settings: "Settings", answers: "Answers | None", *, as_json: bool) -> None:
    from app.commands.dry_run import show
    from metrics.lake.looking.trying import tried

    files = list(tried([path for path in paths if path.exists()], settings, now=now, answers=answers))
    if not show(files, as_json=as_json):
        raise typer.Exit(Exit.DIFFERENT)


def _again(
    paths: Sequence[Path], settings: "Settings", answers: "Answers | None", *, whole: bool
) -> "tuple[Sequence[FileOutcome], Sequence[Path]]":
    """What became of the files that were stored before and are to be read again; and the others."""
    if not whole and answers is None:
        return (), paths
    from metrics.events.questions import Answers
    from metrics.lake.problems import NotStored
    from metrics.lake.undo.replacing import read_again

    try:
        again = read_again(paths, settings, answers or Answers(), whole=whole, now=now)
    except NotStored as error:
        raise wrong(str(error)) from error
    return again.done, again.rest


def _check_mappings(home: Path, name: str | None) -> None:
    """Refuse a wrong mapping once, here, and not again with every file."""
    from metrics.events.mapping.mappings import Mappings

    mappings = Mappings.load(home / "mappings.yaml")
    if name is not None and mappings.named(name) is None:
        known = [mapping.name for mapping in (*mappings.own, *mappings.shipped)]
        raise unknown("mapping", name, known, f"one of {', '.join(known)}")


def _answers(yes: bool, said: Sequence[str], map_name: str | None) -> "Answers | None":
    """What the options say of the files; None where they say nothing."""
    from pydantic import ValidationError

    from metrics.events.mapping.mappings import Source
    from metrics.events.questions import Answers

    rules: dict[str, dict[str, object]] = {}
    for one in said:
        place, equals, value = one.partition("=")
        column, dot, key = place.partition(".")
        if not (equals and dot and column and key):
            raise wrong(f"--set {one}: expected COLUMN.KEY=VALUE, such as duration_ms.unit=s")
        rules.setdefault(column, {})[key] = value
    for column, keys in rules.items():
        try:
            Source.model_validate(keys)
        except ValidationError as error:
            raise invalid(f"--set {column}", error) from error
    answers = Answers(yes, rules, map_name)
    return None if answers == Answers() else answers


def as_document(report: "IngestReport") -> dict[str, object]:
    """The report as scripts read it."""
    from metrics.events.questions import as_documents

    return {
        "files": [
            {
                "path": str(file.path),
                "status": file.status,
                "reason": file.reason or None,
                "read": file.read,
                "stored": file.stored,
                "duplicates": file.duplicates,
                "rejected": file.rejected,
                "kinds": dict(file.kinds),
                "notes": list(file.notes),
                "questions": as_documents(file.questions),
            }
            for file in report.files
        ],
        "read": report.read,
        "stored": report.stored,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
        "waiting": [plain(path) for path in report.waiting],
        "gone": [plain(path) for path in report.gone],
    }


def _tell(report: "IngestReport") -> None:
    for file in report.files:
        if file.questions:
            say(f"{file.path}: asks: none of its {file.read:,} rows is stored until somebody answers")
            for line in told(file.path, file.questions):
                say(line)
        else:
            counts = f"{file.stored:,} stored, {file.duplicates:,} duplicates, {file.rejected:,} rejected"
            say(f"{file.path}: {file.status}: {counts}" + (f": {file.reason}" if file.reason else ""))
        for note in file.notes:
            say(f"  note: {note}")
    for path in report.waiting:
        say(f"{path}: waiting: it may still be written to")
    for path in report.gone:
        say(f"{path}: vanished before it was read")
    say(
        f"{len(report.files)} files: {report.read:,} rows read = {report.stored:,} stored"
        f" + {report.duplicates:,} duplicates + {report.rejected:,} rejected"
    )
