"""A page in a browser, as far as the server knows.

It speaks the protocol of the browser's part of Streamlit, and draws nothing.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE_SECONDS = 120.0


class Session:
    """One of them; `Session.at(address)` connects it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._refreshing: set[str] = set()
        self.tiles_at: float | None = None
        """When the first tile with a figure arrived, by `time.perf_counter`."""

    @classmethod
    @contextmanager
    def at(cls, address: str) -> Generator[Self]:
        """Connected to a web process (`http://…`)."""
        url = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
        kept = Subprotocol("streamlit")
        with connect(url, origin=Origin(address), subprotocols=[kept], max_size=None) as socket:
            yield cls(socket)

    def show(self, path: str) -> None:
        """Open a page by what its address ends with, to the end of its script."""
        name, _, query = path.partition("?")
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = name
        self._run(asked)

    def refresh(self) -> None:
        """Run once whatever refreshes itself."""
        for fragment in sorted(self._refreshing):
            asked = BackMsg()
            asked.rerun_script.fragment_id = fragment
            asked.rerun_script.is_auto_rerun = True
            self._run(asked)

    def _run(self, asked: BackMsg) -> None:
        self._socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE_SECONDS, decode=False))
            match told.WhichOneof("type"):
                case "auto_rerun":
                    self._refreshing.add(told.auto_rerun.fragment_id)
                case "delta" if told.delta.new_element.WhichOneof("type") == "metric" and self.tiles_at is None:
                    self.tiles_at = time.perf_counter()
                case "script_finished":
                    return
                case _:
                    pass
