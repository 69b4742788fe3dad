"""A probe: what is asked every minute, and which answer is a good one.

- component: api_gateway
url: https://shop.example.com/health
status: [200, 204]
timeout_seconds: 3
- {component: database, url: "tcp://db.internal:5432"}
- {component: "dependency:certificate", url: "tls://shop.example.com", expires_days: 21}
- {component: "llm:openai", url: https://status.openai.com/api/v2/status.json, reads: status_page}
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

from metrics.events.entries import Entry, read_entries
from metrics.events.problems import ConfigurationError

FILE = "probes.yaml"
SCHEMES = ("http", "https", "tcp", "tls")


class ProbesError(ConfigurationError):
    """A file of probes that cannot be used: its line, what was found and what was expected."""


class Probe(Entry):
    """One thing that is asked."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    component: Annotated[str, Field(min_length=1, max_length=200)]
    """The name of what answers: `database`, `llm:openai`, `dependency:payments`, …"""
    url: str
    """`http://…`, `https://…`, `tcp://host:port`, or `tls://host` for how long its certificate holds."""
    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """HTTP statuses that are good; those from 200 to 399 where none is named."""
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 5
    """Within which it has to answer."""
    expires_days: Annotated[int, Field(ge=0)] = 14
    """Days that a certificate must hold still, to be healthy."""
    reads: Literal["status", "status_page"] = "status"
    """What of an HTTP answer counts: its status, or what the JSON of a public status page says of its service."""

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(f"{url!r} is no address: {error}") from error
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError(f"{url!r} cannot be asked; expected http://…, https://…, tcp://host:port or tls://host")
        if parts.scheme == "tcp" and port is None:
            raise ValueError(f"{url!r} names no port; expected tcp://host:port")
        if parts.username is not None:
            raise ValueError("holds a name before its @, which is not sent; expected an address that all may see")
        return url


def probes(home: Path) -> Sequence[Probe]:
    """The probes of a home, which need not have any. Raises ProbesError."""
    return read_entries(home / FILE, Probe, ProbesError)
