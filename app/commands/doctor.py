"""`promptpilot doctor`: is everything here that is needed, and what to do where it is not."""

import platform
import shutil
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import Exit
from app.commands.printing import print_json, say

if TYPE_CHECKING:
    from metrics.settings import Settings

State = Literal["ok", "note", "failed"]
_MARKS: dict[State, str] = {"ok": "ok    ", "note": "note  ", "failed": "FAILED"}
OLDEST_PYTHON = (3, 11)
_LEAST_FREE_GB = 1.0
_TOLD = 5
"""Damages that are told one by one."""
_LOOKED_AT = 1_000
"""Files rejected that are looked through."""


class Finding(NamedTuple):
    """What one check found."""

    state: State
    detail: str
    remedy: str = ""
    """What to do about it."""


class Circumstances(NamedTuple):
    """What the checks look at."""

    settings: "Settings"
    address: str
    port: int
    now: datetime


def doctor(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port the web pages are to use.")] = 8501,
    address: Annotated[str, typer.Option(help="Address they are to listen on.")] = "127.0.0.1",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Check Python, packages, disk, ports, time zones, the lake, the sidecar and the channels of alerts."""
    circumstances = Circumstances(settings_of(home), address, port, now())
    findings = {name: _guarded(check, circumstances) for name, check in CHECKS.items()}
    if as_json:
        print_json([{"check": name, **finding._asdict()} for name, finding in findings.items()])
    else:
        for name, finding in findings.items():
            say(f"{_MARKS[finding.state]} {name}: {finding.detail}")
            if finding.remedy:
                say(f"       → {finding.remedy}")
    if any(finding.state == "failed" for finding in findings.values()):
        raise typer.Exit(Exit.ENVIRONMENT)


def _guarded(check: Callable[[Circumstances], Finding], circumstances: Circumstances) -> Finding:
    try:
        return check(circumstances)
    except Exception as error:
        return Finding("failed", f"{type(error).__name__}: {error}", "this check could not be made; see the reason")


def _python(_: Circumstances) -> Finding:
    found = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("failed", found, "install Python 3.11 or newer, remove .venv and run make run")
    return Finding("ok", found)


def _packages(_: Circumstances) -> Finding:
    names = ("streamlit", "polars", "duckdb", "deltalake", "plotly")
    return Finding("ok", ", ".join(f"{name} {version(name)}" for name in names))


def _home(circumstances: Circumstances) -> Finding:
    home = circumstances.settings.home
    existing = next(path for path in (home, *home.parents) if path.exists())
    try:
        with TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Finding("failed", f"{existing}: {error.strerror}", "make it writable, or name another with --home")
    return Finding("ok", f"{home} is writable" if home.exists() else f"{home} will be made by promptpilot up")


def _privacy(circumstances: Circumstances) -> Finding:
    """Whether others on this machine can read the home, or the secrets."""
    from metrics.lake.private import who_else
    from metrics.secrets import SECRETS_FILES

    home = circumstances.settings.home
    kept = [path for path in (home, *(file.expanduser() for file in SECRETS_FILES)) if path.exists()]
    found = {path: who for path in kept if (who := who_else(path))}
    if found:
        told = "; ".join(f"{path} can be read by {who}" for path, who in found.items())
        return Finding("note", told, f"chmod go= {' '.join(map(str, found))} leaves them to their owner")
    return Finding("ok", "the home and the secrets can be read by their owner alone")


def _disk(circumstances: Circumstances) -> Finding:
    home = circumstances.settings.home
    free = shutil.disk_usage(next(path for path in (home, *home.parents) if path.exists())).free / 1e9
    if free < _LEAST_FREE_GB:
        remedy = "free some space, set lake.retention_days (lake.rollup_days keeps sums), or move the home with --home"
        return Finding("failed", f"{free:.1f} GB free", remedy)
    return Finding("ok", f"{free:.0f} GB free")


def _port(circumstances: Circumstances) -> Finding:
    from app.commands.up import answers

    address, port = circumstances.address, circumstances.port
    why = _not_free(address, port)
    if not why:
        return Finding("ok", f"{port} on {address} is free")
    if answers(address, port):
        return Finding("ok", f"{port} on {address}: PromptPilot is running there")
    return Finding("failed", f"{port} on {address}: {why}", "promptpilot up --port names another")


def _not_free(address: str, port: int) -> str:
    """Why nobody can listen there; empty where somebody can."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((address, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _collector(circumstances: Circumstances) -> Finding:
    """Whether live events are received, or can be."""
    from app.commands.up import answers

    collect = circumstances.settings.collect
    if not collect.enabled:
        return Finding("note", "collect.enabled is false: no live events are received")
    ports = {"collect.port": collect.port, "collect.grpc_port": collect.grpc_port}
    taken = {name: why for name, port in ports.items() if (why := _not_free(collect.address, port))}
    if "collect.port" in taken and answers(collect.address, collect.port):
        return Finding("ok", f"{collect.port} on {collect.address}: PromptPilot is running there")
    if taken:
        told = "; ".join(f"{ports[name]} on {collect.address}: {why}" for name, why in taken.items())
        return Finding("note", told, f"no live events are received there; {' and '.join(taken)} can name another")
    return Finding("ok", f"{collect.port} and {collect.grpc_port} on {collect.address} are free")


def _time_zones(circumstances: Circumstances) -> Finding:
    from metrics.zones import KNOWN, zone

    return Finding("ok", f"{zone(circumstances.settings.timezone).key} is known, and {len(KNOWN):,} others")


def _browser(_: Circumstances) -> Finding:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    return Finding("ok", found) if found else Finding("note", "none found; only make test needs one")


def _lake(circumstances: Circumstances) -> Finding:
    from metrics.lake.status import status

    found = status(circumstances.settings, now=circumstances.now)
    events = sum(found.events.values())
    if not events:
        return Finding("note", "no events yet", f"drop a file into {circumstances.settings.home / 'inbox'}")
    return Finding("ok", f"{events:,} events readable")


def _damage(circumstances: Circumstances) -> Finding:
    from metrics.lake.repair.damage import damages

    found = damages(circumstances.settings.home)
    if not found:
        return Finding("ok", "nothing is damaged or missing")
    told = "; ".join(f"{one.where}: {one.what}" for one in found[:_TOLD])
    more = f"; and {len(found) - _TOLD:,} more" if len(found) > _TOLD else ""
    return Finding("failed", told + more, "promptpilot repair mends it; with --dry-run it only says what it would do")


def _rollups(circumstances: Circumstances) -> Finding:
    """Whether the sums that pages read are small beside the events, and by which dimension they are not."""
    from metrics.engine.cardinality import cardinalities
    from metrics.lake.tables import Lake

    lake = Lake(circumstances.settings.home)
    found = cardinalities(lake)
    if not found:
        return Finding("ok", "none yet")
    rows, most = sum(table.snapshot.rows for table in lake.tables if table.name.startswith("rollups/")), found[0]
    told = f"{rows:,} rows; most of those by one dimension are by {most.dimension} ({most.rows:,})"
    capped = [one.dimension for one in found if one.is_capped]
    if not capped:
        return Finding("ok", told)
    names = ", ".join(capped)
    remedy = "slower, but right; send values that repeat, such as the route of a request and not its path with ids"
    return Finding("note", f"{told}; more values on a day than they tell apart: {names}, asked of events", remedy)


def _sidecar(circumstances: Circumstances) -> Finding:
    from app.heartbeat import STALE_SECONDS
    from app.heartbeat import age as heartbeat_age

    age = heartbeat_age(circumstances.settings.home, circumstances.now)
    if age is None:
        return Finding("note", "has not run in this home yet", "promptpilot up starts it")
    if age > STALE_SECONDS:
        return Finding("note", f"not running: last heartbeat {age:,.0f} s ago", "promptpilot up starts it")
    return Finding("ok", f"running: last heartbeat {age:.0f} s ago")


def _mappings(circumstances: Circumstances) -> Finding:
    from metrics.events.mapping.mappings import MappingError, Mappings

    try:
        own = Mappings.load(circumstances.settings.home / "mappings.yaml").own
    except MappingError as error:
        return Finding("failed", str(error), "put it right: until then files that need it are rejected")
    return Finding("ok", f"{len(own)} of your own")


def _probes(circumstances: Circumstances) -> Finding:
    from metrics.collect.probing.model import ProbesError, probes

    try:
        own = probes(circumstances.settings.home)
    except ProbesError as error:
        return Finding("failed", str(error), "put it right: until then the probes that it held before go on")
    return Finding("ok", f"{len(own)} asked every minute" if own else "none: probes.yaml of the home names them")


def _inbox(circumstances: Circumstances) -> Finding:
    inbox: Path = circumstances.settings.home / "inbox"
    waiting = sum(1 for path in inbox.rglob("*") if path.is_file()) if inbox.is_dir() else 0
    return Finding("ok", f"{waiting} files waiting in {inbox}")


def _given(circumstances: Circumstances) -> Finding:
    """Files refused that may be good ones: they took more than they were given."""
    from metrics.lake.ledger import Ledger
    from metrics.lake.problems import FOR_WANT_OF

    book, limits = Ledger.existing(circumstances.settings.home), circumstances.settings.ingest
    given = f"{limits.memory_mb:,} MB and {limits.timeout_seconds:g} s without a sign"
    refused = book.refused(_LOOKED_AT) if book else []
    wanting = [one.outcome for one in refused if one.outcome.reason.startswith(FOR_WANT_OF)]
    if wanting:
        first = wanting[0]
        remedy = f"{first.path.name}: {first.reason}; then drop it into the inbox again"
        return Finding("note", f"{len(wanting)} files were refused that took more than {given}", remedy)
    return Finding("ok", f"no file was refused for want of them: {given}")


def _telling(circumstances: Circumstances) -> Finding:
    """Whether anybody can be told, and whether the links they get lead here."""
    import os
    from urllib.parse import urlsplit

    from alerts.rules import CHANNELS
    from alerts.telling.credentials import missing, read_credentials
    from app.hosts import is_loopback

    alerts = circumstances.settings.alerts
    absent = missing(circumstances.settings, read_credentials(os.environ))
    known = [name for name in CHANNELS if name not in absent]
    if not known:
        return Finding("note", "no channel is set up: alerts are shown on the Alerts page only", absent["slack"])
    if is_loopback(urlsplit(alerts.public_url).hostname or ""):
        said = f"{', '.join(known)}; links in messages lead to {alerts.public_url}, which opens on this machine only"
        return Finding("note", said, "set alerts.public_url to the address at which others open the pages")
    return Finding("ok", f"{', '.join(known)}; links lead to {alerts.public_url}")


def _reports(circumstances: Circumstances) -> Finding:
    """Whether reports can be used, and whether what was due got through."""
    from app.alerting import REPORTS
    from app.heartbeat import job
    from app.scheduled import scheduled_of

    home = circumstances.settings.home
    found, known = scheduled_of(home), job(home, REPORTS)
    if found.problems:
        return Finding("failed", str(found.problems[0]), "put it right: until then the others are sent")
    if known and known.error:
        return Finding("failed", known.error, "put right what it names; promptpilot reports send tries one at once")
    return Finding("ok", f"{len(found.reports)} are sent" if found.reports else "none: reports.yaml names them")


CHECKS: dict[str, Callable[[Circumstances], Finding]] = {
    "Python": _python,
    "packages": _packages,
    "home": _home,
    "privacy": _privacy,
    "disk": _disk,
    "port": _port,
    "collector": _collector,
    "time zones": _time_zones,
    "browser": _browser,
    "lake": _lake,
    "damage": _damage,
    "rollups": _rollups,
    "mappings": _mappings,
    "probes": _probes,
    "inbox": _inbox,
    "time and memory": _given,
    "sidecar": _sidecar,
    "telling": _telling,
    "reports": _reports,
}
"""Every check by the name it is reported under."""
