"""Whose certificates are believed: those of the system, or of `SSL_CERT_FILE`. Read once, since that takes a while."""

import ssl
from functools import cache

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """For connections that we make. Checks certificates and names of hosts."""
    return httpx2.create_ssl_context()
