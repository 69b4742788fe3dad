"""A provider of OpenID Connect on this machine, in a process of its own; whoever it knows logs in with one press."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

from tests.patience import TIMEOUT, wait_for
from tests.serving import free_port


@contextmanager
def provider(people: Iterable[Mapping[str, object]]) -> Generator[str]:
    """The provider that knows people by their claims, `sub` among them; gives its address."""
    port = free_port()
    known = [argument for person in people for argument in ("--user-claims", json.dumps(person))]
    with subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *known],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ,
    ) as process:

        def is_up() -> bool:
            assert process.poll() is None, "the provider did not come up"
            return _answers(port)

        try:
            wait_for(is_up, "the provider")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/.well-known/openid-configuration")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
