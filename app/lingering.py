"""Files that a click has made stay until a browser has fetched them, whoever's page runs meanwhile.

Streamlit takes such a file for nobody's, and away when the second run of anybody's page or of a part of one ends after
it was made: with several viewers that is sooner than a browser far away asks for it, and its download fails.
"""

import time
from collections.abc import Callable
from threading import Lock

from streamlit.runtime import memory_media_file_storage
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

SECONDS = 60.0
"""For which a file is there after Streamlit would have taken it away."""


class LingeringStorage(MemoryMediaFileStorage):
    """Streamlit's files in memory, which go late. Threads may share it."""

    def __init__(self, media_endpoint: str, steady: Callable[[], float] = time.monotonic) -> None:
        super().__init__(media_endpoint)
        self._steady = steady
        self._lock = Lock()
        self._unwanted: dict[str, float] = {}
        """Until when they stay."""

    def load_and_get_id(
        self, path_or_data: str | bytes, mimetype: str, kind: MediaFileKind, filename: str | None = None
    ) -> str:
        """Add a file; one that was to go is wanted again."""
        with self._lock:
            file_id = super().load_and_get_id(path_or_data, mimetype, kind, filename)
            self._unwanted.pop(file_id, None)
            return file_id

    def delete_file(self, file_id: str) -> None:
        """Note that a file is to go, and delete those whose time has come."""
        with self._lock:
            now = self._steady()
            self._unwanted.setdefault(file_id, now + SECONDS)
            for one in [one for one, until in self._unwanted.items() if until <= now]:
                del self._unwanted[one]
                super().delete_file(one)


def let_files_linger() -> None:
    """Have the server that is about to start keep its files so."""
    memory_media_file_storage.MemoryMediaFileStorage = LingeringStorage
