"""Several tables changed as one, and at most once: a plan is made, counts from that instant, and is carried out.

1. a mark says that files are being written; what is written is invisible (`drafts`),
2. the plan names them, beside the files that they take the place of; from here on it counts for readers (`pending`),
3. every table commits its part, at most once (Delta's transaction id is the plan's),
4. the ledger is told, at most once; files are moved; the marks, then the plan are removed.

Whoever takes the lock next removes what no plan names and carries out every plan that there is.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metrics.lake import pending
from metrics.lake.datafiles import Change
from metrics.lake.durably import write_durably
from metrics.lake.ledger import Ledger
from metrics.lake.remote import underway
from metrics.lake.tables import Lake


@dataclass(frozen=True)
class Plan:
    """What is changed as one."""

    act: str
    """Its name: that of its files, and of its transaction in every table."""
    tables: Mapping[str, Change]
    """By path below the home."""
    staged: tuple[str, ...] = ()
    """Transactions that were staged for it, whose files it names."""
    entries: tuple[Mapping[str, Any], ...] = ()
    """What the ledger is told (`Ledger.apply`)."""
    moved: Mapping[str, str] = field(default_factory=dict[str, str])
    """Files that take their place once it counts."""
    removed: tuple[str, ...] = ()
    """Files that are of no use from then on."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the tables' logs say of it."""


def carry_out(lake: Lake, plan: Plan) -> None:
    """Make the plan count, and carry it out. Only inside the writer's lock."""
    tables = {name: change for name, change in plan.tables.items() if change.removed or change.added}
    for name in tables:
        lake.by_name[name].create()
    document = {
        "tables": {name: change.as_document() for name, change in tables.items()}, "staged": list(plan.staged),
        "entries": list(plan.entries), "moved": dict(plan.moved), "removed": list(plan.removed),
        "metadata": dict(plan.metadata),
    }  # fmt: skip
    path = _path(lake.home, plan.act)
    write_durably(path, json.dumps(document))
    _complete(lake, path)


def complete(lake: Lake) -> None:
    """Carry out every plan that a killed writer has left."""
    for path in _left(lake.home):
        _complete(lake, path)


def _left(home: Path) -> Iterator[Path]:
    yield from sorted(pending.folder(home).glob(f"*{pending.ENDING}"))


def _complete(lake: Lake, path: Path) -> None:
    plan = json.loads(path.read_text(encoding="utf-8"))
    act = path.name.removesuffix(pending.ENDING)
    changes = {
        name: Change.from_document(document) for name, document in plan["tables"].items()
        if not lake.by_name[name].has(act)
    }  # fmt: skip
    lake.send([(lake.by_name[name], change.added) for name, change in changes.items()])
    underway.announce(lake, act, changes, plan["metadata"])
    for name, change in changes.items():
        lake.by_name[name].replace(
            change.removed, change.added, plan["metadata"], data_change=True, transaction=act, is_sent=True
        )
    lake.tell()
    underway.over(lake, act, changes)
    _finish(lake.home, path, plan)


def abandon(lake: Lake) -> None:
    """Leave every plan of this home to whoever writes now, who has completed what any table had of it."""
    for path in _left(lake.home):
        plan, act = json.loads(path.read_text(encoding="utf-8")), path.name.removesuffix(pending.ENDING)
        if any(lake.by_name[name].has(act) for name in plan["tables"]):
            _finish(lake.home, path, plan)
        else:
            path.unlink()


def _finish(home: Path, path: Path, plan: Mapping[str, Any]) -> None:
    """Do what remains once all tables have it."""
    act = path.name.removesuffix(pending.ENDING)
    Ledger(home).apply(act, plan["entries"])
    for source, target in plan["moved"].items():
        if Path(source).exists():
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)
    for one in plan["removed"]:
        Path(one).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a folder with something else in it stays
            Path(one).parent.rmdir()
    # Marks before the plan: alone, they would have the next writer remove what is committed.
    for transaction in (*plan["staged"], act):
        (path.parent / f"{transaction}.staging").unlink(missing_ok=True)
    path.unlink()


def _path(home: Path, act: str) -> Path:
    return pending.folder(home) / f"{act}{pending.ENDING}"
