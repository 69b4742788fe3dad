"""Who may send to the collector: whoever knows the token, or, where there is none, programs of this machine.

A page of another site that is open in somebody's browser is no such program: it cannot send events in their name.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.hosts import Hosts
from app.refusing import OTHER_SITE, in_json, refuse
from metrics.secrets import SECRETS_FILES, secret

TOKEN = ("PROMPTPILOT_COLLECT_TOKEN", "collect", "token")
"""The variable of the token, and its section and name in the file of the secrets."""
_SCHEME = "bearer "


def token_of(environment: Mapping[str, str], files: Sequence[Path] = SECRETS_FILES) -> SecretStr | None:
    """The token, where one is set. Raises SecretsError."""
    return secret(*TOKEN, environment, files)


class Guard:
    """Refuses requests without the token, by names that are not ours, and of other sites' pages."""

    def __init__(self, app: ASGIApp, token: SecretStr | None, hosts: Hosts, open_paths: Collection[str]) -> None:
        """`open_paths` are answered without a token, to whoever asks whether this runs."""
        self._app, self._token, self._hosts, self._open_paths = app, token, hosts, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        answer = self._refusal(scope) if scope["type"] in {"http", "websocket"} else None
        if answer is None:
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, answer)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        reached, _ = scope.get("server") or ("", None)
        # Who knows the token is no page that a name was led astray by.
        if self._token is None and not self._hosts.answers_to(host, reached):
            return in_json(400, "the collector does not answer to this name; expected localhost or collect.address")
        if not self._hosts.lets_in(origin, host):
            return in_json(403, OTHER_SITE)
        if self._token is None or scope["path"] in self._open_paths or is_token(headers, self._token):
            return None
        return in_json(
            401, "expected the header Authorization: Bearer, with collect.token", {"WWW-Authenticate": "Bearer"}
        )


def is_token(headers: Headers, token: SecretStr) -> bool:
    """Whether a request says the token."""
    said = headers.get("authorization", "")
    given = said[len(_SCHEME) :].strip() if said[: len(_SCHEME)].lower() == _SCHEME else ""
    return secrets.compare_digest(given.encode(), token.get_secret_value().encode())
