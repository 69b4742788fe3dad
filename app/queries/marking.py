"""A deployment or an incident is marked, as it happens."""

import os

from app.access import Act, takes
from app.guard import token_of
from app.source import source
from metrics.collect import marking
from metrics.collect.marking import Sort
from metrics.secrets import SecretsError


class NotMarked(Exception):
    """A mark that was not made: why, as a sentence."""


@takes(Act.MARK)
def mark(sort: Sort, name: str, *, ends: bool = False, service: str = "", why: str = "") -> str:
    """Mark this moment in the home of one's own; a sentence on what came of it. Raises NotMarked, and NotAllowed."""
    here = source()
    try:
        token = token_of(os.environ)
        event = marking.mark(sort, name, here.now(), ends=ends, service=service, why=why)
        settings = here.settings.model_copy(update={"home": here.own_home})
        marking.give(event, settings, token.get_secret_value() if token else "")
    except (marking.NotMarked, SecretsError, OSError) as problem:
        raise NotMarked(f"Not marked: {problem}") from problem
    return f"{'Ended' if ends else 'Marked'}: {event['name']}. It is on the charts within seconds."
