"""Slack: its Web API, incoming webhooks, file uploads and Socket Mode."""

import json
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from tests.fakes.peer import Answer, Call, Failure, Peer, Request, run_as_process
from tests.fakes.slack_blocks import complaints
from tests.patience import TIMEOUT

BOT_TOKEN = "xoxb-fake-bot-token"
APP_TOKEN = "xapp-fake-app-token"
WEBHOOK = "/services/T0FAKE/B0FAKE/fake-webhook-path"
FIRST = 1_900_000_000
"""Second of the first message: later than anything that is told."""
Said = dict[str, Any]


@dataclass
class Channel:
    """A channel and what was said in it, the oldest first."""

    id: str
    name: str
    archived: bool = False
    joined: bool = True
    messages: list[Said] = field(default_factory=list[Said])


class SlackError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, error: str, **details: object) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **details}


def error(name: str, **details: object) -> Failure:
    """Slack's way to refuse, with status 200."""
    headers = {"Content-Type": "application/json"}
    return Failure("answer", 200, json.dumps({"ok": False, "error": name, **details}), headers)


def rate_limited(seconds: int) -> Failure:
    """Too many calls of a method."""
    body = json.dumps({"ok": False, "error": "ratelimited"})
    return Failure("answer", 429, body, {"Retry-After": str(seconds), "Content-Type": "application/json"})


class FakeSlack(Peer):
    """A workspace with `#alerts`, `#incidents`, `#old` (archived) and `#private` (the app is not in it)."""

    def __init__(self, port: int = 0, record: Path | None = None) -> None:
        super().__init__(port, record)
        self.api_url = f"{self.url}/api/"
        self.webhook_url = self.url + WEBHOOK
        self.channels = {
            channel.name: channel
            for channel in (
                Channel("C0ALERTS", "alerts"),
                Channel("C0INCIDENTS", "incidents"),
                Channel("C0OLD", "old", archived=True),
                Channel("C0PRIVATE", "private", joined=False),
            )
        }
        self.files: dict[str, bytes] = {}
        self.page = 100
        """Most that one page of a list holds."""
        self._lock = threading.RLock()
        self._count = 0
        self._sockets = _Sockets()

    def __exit__(self, *_: object) -> None:
        self._sockets.close()
        super().__exit__()

    def named(self, request: Request) -> str:
        path = urlsplit(request.path).path
        return path.removeprefix("/api/") if path.startswith("/api/") else path.split("/")[1]

    def control(self, request: Request) -> Answer | None:
        match request.path:
            case "/-/press":
                asked = json.loads(request.body)
                return Answer.json({"acknowledged": self.press(**asked)})
            case "/-/said":
                return Answer.json({name: channel.messages for name, channel in self.channels.items()})
            case _:
                return super().control(request)

    def handle(self, request: Request) -> Answer:
        if request.path == WEBHOOK:
            return self._webhook(request)
        if request.path.startswith("/services/"):
            return Answer(404, "no_service")
        if request.path.startswith("/upload/"):
            return self._upload(request)
        if request.path.startswith("/actions/"):
            self.accept({"call": "response_url", "args": json.loads(request.body)})
            return Answer(200, "ok")
        method = self.named(request)
        try:
            with self._lock:
                return Answer.json({"ok": True, **self._method(method, request)})
        except SlackError as refused:
            return Answer.json(refused.answer)

    def said(self, channel: str = "alerts") -> list[Said]:
        """What stands in a channel, thread answers included."""
        with self._lock:
            return list(self.channels[channel].messages)

    def press(self, action_id: str, channel: str = "alerts", user: str = "ada", sent: int = 1) -> bool:
        """Press that button of the newest message that has it; whether the app acknowledged it.

        Slack sends an envelope again when it hears nothing: `sent` says how often it does.
        """
        with self._lock:
            message, button = next(
                (message, button)
                for message in reversed(self.channels[channel].messages)
                for block in message.get("blocks", ())
                for button in block.get("elements", ())
                if button.get("action_id") == action_id
            )
        payload = {
            "type": "block_actions",
            "user": {"id": f"U0{user.upper()}", "username": user, "name": user, "team_id": "T0FAKE"},
            "api_app_id": "A0FAKE",
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": self.channels[channel].id},
            "trigger_id": "1.2.fake",
            "team": {"id": "T0FAKE", "domain": "fake"},
            "channel": {"id": self.channels[channel].id, "name": channel},
            "message": message,
            "response_url": f"{self.url}/actions/T0FAKE/1/fake",
            "actions": [{**button, "block_id": "promptpilot", "action_ts": "1.1"}],
        }
        return self._sockets.send("interactive", payload, sent)

    def disconnect(self, how: str) -> None:
        """End the open sockets: `refresh` as Slack does every few hours, `close` politely, `cut` without a word."""
        self._sockets.end(how)

    def await_sockets(self, count: int) -> None:
        """Wait until so many have been connected in all."""
        self._sockets.wait(count)

    def _method(self, method: str, request: Request) -> Mapping[str, Any]:
        handlers = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.list": self._list,
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._upload_done,
            "apps.connections.open": self._open,
        }
        if method not in handlers:
            raise SlackError("unknown_method")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise SlackError("not_authed")
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            raise SlackError("invalid_auth")
        arguments = _arguments(request)
        answer = handlers[method](arguments)
        self.accept({"call": method, "args": arguments, **({"ts": answer["ts"]} if "ts" in answer else {})})
        return answer

    def _post(self, given: Call) -> Mapping[str, Any]:
        channel = self._channel(given.get("channel", ""), writing=True)
        message = {**_content(given), "ts": self._next_ts(), "bot_id": "B0FAKE", "type": "message"}
        if thread := given.get("thread_ts"):
            if all(other["ts"] != thread for other in channel.messages):
                raise SlackError("cannot_reply_to_message")
            aloud = given.get("reply_broadcast") in (True, "1")
            message |= {"thread_ts": thread, **({"subtype": "thread_broadcast"} if aloud else {})}
        channel.messages.append(message)
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _update(self, given: Call) -> Mapping[str, Any]:
        channel = self._channel(given.get("channel", ""), by_name=False)
        message = next((one for one in channel.messages if one["ts"] == given.get("ts")), None)
        if message is None:
            raise SlackError("message_not_found")
        message |= {**_content(given), "edited": {"ts": self._next_ts()}}
        return {"channel": channel.id, "ts": message["ts"], "text": message["text"]}

    def _history(self, given: Call) -> Mapping[str, Any]:
        channel = self._channel(given.get("channel", ""), by_name=False)
        top = [one for one in channel.messages if "thread_ts" not in one or one.get("subtype") == "thread_broadcast"]
        return self._page("messages", [_seen(one, given) for one in reversed(top)], given)

    def _replies(self, given: Call) -> Mapping[str, Any]:
        channel = self._channel(given.get("channel", ""), by_name=False)
        thread = [one for one in channel.messages if given.get("ts") in (one["ts"], one.get("thread_ts"))]
        if not thread:
            raise SlackError("thread_not_found")
        return self._page("messages", [_seen(one, given) for one in thread], given)

    def _list(self, given: Call) -> Mapping[str, Any]:
        known = [{"id": one.id, "name": one.name, "is_archived": one.archived} for one in self.channels.values()]
        return self._page("channels", known, given)

    def _page(self, name: str, items: list[Any], given: Call) -> Mapping[str, Any]:
        first = int(given.get("cursor") or 0)
        last = first + min(int(given.get("limit") or 100), self.page)
        cursor = str(last) if last < len(items) else ""
        return {name: items[first:last], "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}

    def _channel(self, name: str, writing: bool = False, by_name: bool = True) -> Channel:
        """Only chat.postMessage knows channels by name."""
        for channel in self.channels.values():
            if name == channel.id or (by_name and name.removeprefix("#") == channel.name):
                break
        else:
            raise SlackError("channel_not_found")
        if not channel.joined:
            raise SlackError("not_in_channel")
        if writing and channel.archived:
            raise SlackError("is_archived")
        return channel

    def _upload_url(self, given: Call) -> Mapping[str, Any]:
        if not given.get("filename") or int(given.get("length", 0)) <= 0:
            raise SlackError("invalid_arguments")
        name = f"F0{len(self.files)}"
        self.files[name] = b""
        return {"upload_url": f"{self.url}/upload/{name}", "file_id": name}

    def _upload(self, request: Request) -> Answer:
        name = request.path.removeprefix("/upload/")
        if name not in self.files:
            return Answer(404, "no such upload")
        self.files[name] = request.body
        return Answer(200, f"OK - {len(request.body)}")

    def _upload_done(self, given: Call) -> Mapping[str, Any]:
        channel = self._channel(given.get("channel_id", ""), writing=True, by_name=False)
        files = json.loads(given["files"])
        if any(not self.files.get(file["id"]) for file in files):
            raise SlackError("file_not_found")
        shared = {"ts": self._next_ts(), "thread_ts": given.get("thread_ts"), "files": files, "type": "message"}
        channel.messages.append(shared)
        return {"files": files}

    def _webhook(self, request: Request) -> Answer:
        try:
            given = json.loads(request.body)
            content = _content(given)
        except (ValueError, SlackError):
            return Answer(400, "invalid_blocks")
        self.accept({"call": "webhook", "args": given})
        with self._lock:
            self.channels["alerts"].messages.append({**content, "ts": self._next_ts()})
        return Answer(200, "ok")

    def _open(self, _: Call) -> Mapping[str, Any]:
        return {"url": self._sockets.ticket()}

    def _next_ts(self) -> str:
        self._count += 1
        return f"{FIRST + self._count}.{self._count:06d}"


def _arguments(request: Request) -> Call:
    kind = request.headers.get("content-type", "").split(";")[0]
    match kind:
        case "application/json":
            return json.loads(request.body or b"{}")
        case "application/x-www-form-urlencoded":
            return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        case _:
            raise SlackError("invalid_post_type")


def _content(given: Call) -> Said:
    """What is shown of a message, checked as Slack does."""
    if not given.get("text") and not given.get("blocks"):
        raise SlackError("no_text")
    if len(given.get("text", "")) > 40_000:
        raise SlackError("msg_too_long")
    wrong = complaints(given.get("blocks", []))
    if wrong:
        raise SlackError("invalid_blocks", response_metadata={"messages": [f"[ERROR] {text}" for text in wrong]})
    content = {name: given[name] for name in ("text", "blocks", "metadata") if name in given}
    metadata = content.get("metadata", {"event_type": "none", "event_payload": {}})
    if not (isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)):
        raise SlackError("invalid_metadata_format")
    return content


def _seen(message: Said, given: Call) -> Said:
    shown = given.get("include_all_metadata") in (True, "1", "true")
    return {name: value for name, value in message.items() if shown or name != "metadata"}


class _Sockets:
    """The WebSockets that apps open, each with a ticket that is good once."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._open: list[ServerConnection] = []
        self._seen = 0
        self._acknowledged: set[str] = set()
        self._changed = threading.Condition()
        self._server: Server | None = None

    def ticket(self) -> str:
        with self._changed:
            if self._server is None:
                self._server = serve(self._serve, "127.0.0.1", 0, compression=None)
                threading.Thread(target=self._server.serve_forever, daemon=True).start()
            ticket = secrets.token_hex(8)
            self._tickets.add(ticket)
            port = self._server.socket.getsockname()[1]
        return f"ws://127.0.0.1:{port}/link/?ticket={ticket}&app_id=A0FAKE"

    def send(self, kind: str, payload: Mapping[str, Any], times: int) -> bool:
        envelope = secrets.token_hex(8)
        text = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": False}
        with self._changed:
            assert self._changed.wait_for(lambda: self._open, TIMEOUT), "no app is connected"
            connection = self._open[-1]
        for _ in range(times):
            connection.send(json.dumps(text))
        with self._changed:
            return self._changed.wait_for(lambda: envelope in self._acknowledged, TIMEOUT)

    def end(self, how: str) -> None:
        with self._changed:
            connections, self._open = self._open, []
        for connection in connections:
            if how == "refresh":
                connection.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
            elif how == "close":
                connection.close()
            else:
                connection.socket.shutdown(2)

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._seen >= count, TIMEOUT), self._seen

    def close(self) -> None:
        with self._changed:
            connections, self._open = self._open, []
        for connection in connections:
            with suppress(OSError):  # the app was first
                connection.socket.shutdown(2)
        if self._server is not None:
            self._server.shutdown()

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        given = dict(parse_qsl(urlsplit(connection.request.path).query)).get("ticket", "")
        with self._changed:
            if given not in self._tickets:
                connection.close(1008, "invalid ticket")
                return
            self._tickets.remove(given)
        connection.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0FAKE"}}))
        with self._changed:
            self._open.append(connection)
            self._seen += 1
            self._changed.notify_all()
        try:
            for text in connection:
                with self._changed:
                    self._acknowledged.add(json.loads(text)["envelope_id"])
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._open = [other for other in self._open if other is not connection]


if __name__ == "__main__":
    run_as_process(FakeSlack)
