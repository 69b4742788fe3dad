"""Time zones by the names of the tz database: what this machine calls `localtime` is another zone on the next one."""

from difflib import get_close_matches
from importlib.resources import files
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

KNOWN = frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}
"""Every name of a zone; `Factory` is what the database calls a zone that nobody has set."""


def zone(name: str) -> ZoneInfo:
    """The zone of a name. Raises ValueError with the nearest name, or with what was expected."""
    if name not in KNOWN:
        close = get_close_matches(name, KNOWN, n=1, cutoff=0.4)
        hint = f"the nearest is {close[0]!r}" if close else "expected an IANA name such as Europe/Berlin"
        raise ValueError(f"{name!r} is no time zone; {hint}")
    return ZoneInfo(name)


Zone = Annotated[str, AfterValidator(lambda name: zone(name).key)]
"""The name of a zone, as models check it."""
