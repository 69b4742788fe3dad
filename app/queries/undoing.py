"""What goes when a file is taken back, and asking for it: the sidecar does it, the pages only read."""

from collections.abc import Mapping

from app.access import Act, takes
from app.queries import lake
from app.source import source
from metrics.events.questions import Answers
from metrics.lake.ledger import Attempt
from metrics.lake.problems import NotStored
from metrics.lake.undo import wishes
from metrics.lake.undo.forgetting import Forgotten, forget
from metrics.settings import Settings


def is_own() -> bool:
    """Whether the files told of are one's own: nothing of the demo's is taken back."""
    return lake.home() == source().own_home


def what_goes(attempt: Attempt) -> Forgotten | str:
    """What would go with a file; or why it cannot."""
    try:
        return forget(_settings(), attempt.hash, now=source().now, dry_run=True)
    except NotStored as problem:
        return str(problem)


@takes(Act.TAKE_BACK)
def ask_to_forget(attempt: Attempt) -> None:
    """Have a file forgotten. Raises OSError, and NotAllowed."""
    wishes.wish(source().own_home, "forget", attempt.hash)


@takes(Act.TAKE_BACK)
def ask_to_replace(attempt: Attempt, mapping: str) -> None:
    """Have a file read again with a mapping, in the place of what it brought. Raises OSError, and NotAllowed."""
    wishes.wish(source().own_home, "replace", attempt.hash, Answers(map_name=mapping))


def asked_for() -> Mapping[str, wishes.Act]:
    """What was asked for and is not done yet, by hash."""
    return wishes.wished(source().own_home)


def _settings() -> Settings:
    return source().settings.model_copy(update={"home": source().own_home})
