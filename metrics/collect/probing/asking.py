"""One probe is asked: a `health` event of what came of it. In a thread of its own, as what hangs must hold nothing."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from metrics.collect.probing.model import Probe

_DAY = 86_400
_MOST_BYTES = 1_000_000
_INDICATORS = {"none": "healthy", "minor": "degraded", "major": "down", "critical": "down", "maintenance": "degraded"}
"""What status pages say of a service, in our words."""
_Found = Mapping[str, Any]


def ask(probe: Probe, at: datetime) -> dict[str, Any]:
    """What a probe finds; `at` is the moment that a certificate has to hold from."""
    begun = time.perf_counter()
    try:
        found = _ASKED[urlsplit(probe.url).scheme](probe, at)
    except TimeoutError:
        return silent(probe)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return {"status": "down", "message": _words(error), **_nobody(probe)}
    return {"response_time_ms": round(1000 * (time.perf_counter() - begun), 3), **found}


def silent(probe: Probe) -> dict[str, Any]:
    """What is said of one that does not answer in time."""
    return {"status": "down", "message": f"no answer within {probe.timeout_seconds:g} s", **_nobody(probe)}


def _nobody(probe: Probe) -> _Found:
    return {"status_code": 0} if probe.url.startswith("http") else {}


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


def _http(probe: Probe, _at: datetime) -> _Found:
    parts = urlsplit(probe.url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=probe.timeout_seconds)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"User-Agent": "PromptPilot", "Connection": "close"})
        with connection.getresponse() as answer:
            code, body = answer.status, answer.read(_MOST_BYTES)
    finally:
        connection.close()
    is_good = code in probe.status if probe.status else 200 <= code < 400
    if not is_good:
        expected = ", ".join(map(str, probe.status)) or "200 to 399"
        return {"status": "down", "status_code": code, "message": f"answered {code}, expected {expected}"}
    if probe.reads == "status_page":
        return {"status_code": code, **_page(body)}
    return {"status": "healthy", "status_code": code}


def _page(body: bytes) -> _Found:
    """What a status page says. One that says nothing known leaves open how the service is."""
    try:
        told = json.loads(body)["status"]
        return {"status": _INDICATORS[told["indicator"]], "message": str(told.get("description", ""))[:500]}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {"status": "unknown", "message": "the page has no `status.indicator` that is known"}


def _tcp(probe: Probe, _at: datetime) -> _Found:
    parts = urlsplit(probe.url)
    socket.create_connection((parts.hostname or "", parts.port or 0), probe.timeout_seconds).close()
    return {"status": "healthy"}


def _tls(probe: Probe, at: datetime) -> _Found:
    parts = urlsplit(probe.url)
    address = (parts.hostname or "", parts.port or 443)
    with (
        socket.create_connection(address, probe.timeout_seconds) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as secure,
    ):
        certificate = secure.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    days = int((ends - at.timestamp()) // _DAY)
    return {
        "status": "healthy" if days >= probe.expires_days else "degraded",
        "message": f"its certificate holds for {days} days",
    }


_ASKED = {"http": _http, "https": _http, "tcp": _tcp, "tls": _tls}
