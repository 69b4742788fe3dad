"""Data files that a table in object storage does not refer to any more: deleted there, and here."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from metrics.lake.actions import actions_of, checkpointed_actions_of
from metrics.lake.remote.lake import RemoteLake
from metrics.lake.remote.log import LOG
from metrics.lake.tables import Table


def sweep(table: Table, remote: RemoteLake, grace: timedelta, now: datetime) -> int:
    """Delete what no commit names, unless one did within the grace, or it is younger; how many objects went.

    Only inside the writer's lock. Raises `LakeUnavailable`.
    """
    kept = {file.path for file in table.snapshot.files} | {file.path for file in table.committed}
    kept |= set(_removed(table, now - grace))
    unnamed = [
        one for one in remote.objects.listed(table.name)
        if one.name.endswith(".parquet") and f"/{LOG}/" not in one.name
        and one.name.removeprefix(f"{table.name}/") not in kept and one.modified < now - grace
    ]  # fmt: skip
    remote.assure()
    remote.objects.delete([one.name for one in unnamed])
    for one in unnamed:
        (remote.home / one.name).unlink(missing_ok=True)
    return len(unnamed)


def _removed(table: Table, since: datetime) -> Iterator[str]:
    """Files that commits since then took out of the table, be they there still or part of a checkpoint."""
    log = table.root / LOG
    newest = sorted(log.glob("*.checkpoint.parquet"))[-1:]  # it knows what those before it do
    told = ((log.glob("*.json"), actions_of), (newest, checkpointed_actions_of))
    for paths, read in told:
        for path in (one for one in paths if one.stat().st_mtime >= since.timestamp()):
            for action in (one.get("remove") for one in read(path)):
                if action and (action.get("deletionTimestamp") or 0) >= since.timestamp() * 1000:
                    yield action["path"]
