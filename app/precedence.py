"""What is made first while there is more to make than cores: the tiles of all who open a page, then anybody's figures.

    with TILES.first(): ...        # tiles are asked for and sent
    TILES.let_by()                 # before a figure is

One for all sessions of the process.
"""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Condition

PATIENCE_SECONDS = 2.0
"""For how long a figure lets tiles by: some take seconds to find, and others come all the time."""


class Precedence:
    """Of some threads of this process before others."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._first = 0

    @contextmanager
    def first(self) -> Generator[None]:
        """What is done within comes first."""
        with self._changed:
            self._first += 1
        try:
            yield
        finally:
            with self._changed:
                self._first -= 1
                self._changed.notify_all()

    def let_by(self, patience_seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until nothing that comes first is being done; False where patience is over before."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._first, patience_seconds)


TILES = Precedence()
