"""What is being committed to several tables of a lake that homes take turns to write.

The commits of one transaction come one after the other, and a home may die for good between two. So what it is about to
commit is an object beside the tables until all have it: who takes over completes what any table has of it, at most
once by the transaction's id. What no table has is left: its file was never stored, and is stored by whoever has it.
"""

import json
from collections.abc import Mapping

from metrics.lake.datafiles import Change
from metrics.lake.tables import Lake

FOLDER = "_underway"
"""Below the address of the lake."""


def announce(lake: Lake, transaction: str, changes: Mapping[str, Change], metadata: Mapping[str, str]) -> None:
    """Have whoever takes over know what is about to be committed; its data files are in storage.

    `changes` by table, named by its path below the home. Nothing is announced where homes take no turns, or where one
    commit makes all of it count. Raises LakeUnavailable.
    """
    if (remote := lake.remote) is not None and remote.takes_turns and len(changes) > 1:
        tables = {name: change.as_document() for name, change in changes.items()}
        document = {"tables": tables, "metadata": dict(metadata)}
        remote.objects.put(_name(transaction), json.dumps(document).encode())


def over(lake: Lake, transaction: str, changes: Mapping[str, Change]) -> None:
    """All tables have it. Raises LakeUnavailable."""
    if (remote := lake.remote) is not None and remote.takes_turns and len(changes) > 1:
        remote.objects.delete([_name(transaction)])


def complete(lake: Lake) -> int:
    """Complete what homes that wrote before have begun; how many transactions those were.

    Only by the home whose turn it is, once none before it can commit any more. Raises LakeUnavailable.
    """
    remote, completed = lake.remote, 0
    assert remote is not None, "only of a lake in object storage"
    for one in remote.objects.listed(FOLDER):
        transaction = one.name.rpartition("/")[2].removesuffix(".json")
        found = remote.objects.read(one.name)
        document = json.loads(found.content) if found else {"tables": {}}
        changes = {lake.by_name[name]: Change.from_document(told) for name, told in document["tables"].items()}
        if any(table.has(transaction) for table in changes):
            for table, change in changes.items():
                table.replace(
                    change.removed, change.added, document["metadata"], data_change=True, transaction=transaction,
                    is_sent=True,
                )  # fmt: skip
            completed += 1
        remote.objects.delete([one.name])
    return completed


def _name(transaction: str) -> str:
    return f"{FOLDER}/{transaction}.json"
