"""Hosts as settings list them: `dash.example.com`, `*.example.com`, `*`."""

from collections.abc import Iterable

ANY = "*"


def is_named(host: str, patterns: Iterable[str]) -> bool:
    """Whether a list of names and patterns, in small letters, names a host; nothing names an empty one."""
    return bool(host) and any(
        pattern in (ANY, host) or (pattern.startswith("*.") and host.endswith(pattern[1:])) for pattern in patterns
    )
