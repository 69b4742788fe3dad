"""`promptpilot ingest`: files become events, once, in the foreground."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import Exit, unknown, wrong
from app.commands.printing import print_json, say
from app.commands.progress import FileBar, progress_bar

if TYPE_CHECKING:
    from metrics.lake.ingest import IngestReport


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files or directories; none: the inbox.")
    ] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Mapping of mappings.yaml to read them with.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Store the events of files. Every row read is stored, known already, or rejected with a reason."""
    for path in paths or ():
        if not path.exists() and not path.is_symlink():
            raise wrong(f"{path}: there is no such file or directory")
    settings = settings_of(home)
    _check_mappings(settings.home, map_name)

    from metrics.lake.ingest import ingest as ingest_paths
    from metrics.lake.ingest import ingest_inbox

    with progress_bar() as show:
        progress = FileBar(show) if show else None
        if paths:
            report = ingest_paths(paths, settings, now=now, map_name=map_name, progress=progress)
        else:
            report = ingest_inbox(settings, now=now, progress=progress)
    if as_json:
        print_json(as_document(report))
    else:
        _tell(report)
    if report.rejected or any(file.status == "rejected" for file in report.files):
        raise typer.Exit(Exit.DIFFERENT)


def _check_mappings(home: Path, name: str | None) -> None:
    """Refuse a wrong mapping once, here, and not again with every file."""
    from metrics.events.mappings import Mappings

    mappings = Mappings.load(home / "mappings.yaml")
    if name is not None and mappings.named(name) is None:
        known = [mapping.name for mapping in (*mappings.own, *mappings.shipped)]
        raise unknown("mapping", name, known, f"one of {', '.join(known)}")


def as_document(report: "IngestReport") -> dict[str, object]:
    """The report as scripts read it."""
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
            }
            for file in report.files
        ],
        "read": report.read,
        "stored": report.stored,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
    }


def _tell(report: "IngestReport") -> None:
    for file in report.files:
        counts = f"{file.stored:,} stored, {file.duplicates:,} duplicates, {file.rejected:,} rejected"
        say(f"{file.path}: {file.status}: {counts}" + (f": {file.reason}" if file.reason else ""))
    for path in report.waiting:
        say(f"{path}: waiting: it may still be written to")
    say(
        f"{len(report.files)} files: {report.read:,} rows read = {report.stored:,} stored"
        f" + {report.duplicates:,} duplicates + {report.rejected:,} rejected"
    )
