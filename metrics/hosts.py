"""Hosts as settings list them: `dash.example.com`, `*.example.com`, `*`."""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

ANY = "*"
_HOST = re.compile(r"\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*")
"""A name, an address of version 4 or 6, or a pattern."""


def is_named(host: str, patterns: Iterable[str]) -> bool:
    """Whether a list of names and patterns, in small letters, names a host; nothing names an empty one."""
    return bool(host) and any(
        pattern in (ANY, host) or (pattern.startswith("*.") and host.endswith(pattern[1:])) for pattern in patterns
    )


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Names of hosts in the form in which they are compared."""
    names = tuple(host.strip().strip("[]").rstrip(".").lower() for host in hosts)
    for name in names:
        if not _HOST.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a host; expected one such as dash.example.com, without a port")
    return names


HostPatterns = Annotated[tuple[str, ...], AfterValidator(_hosts)]
"""A list of names and patterns, as settings check it."""
