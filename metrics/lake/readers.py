"""Reading processes that can be ended from another thread than the one that waits for them."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from metrics.lake.child import Reader
from metrics.lake.problems import LakeUnavailable, Starved
from metrics.lake.reader import Together


class InterruptibleReader(Reader):
    """One reading process."""

    def read_together(self, task: Together, told: Callable[[int, int | None], None]) -> dict[str, Any]:
        """What was staged of small files; `told` hears the number of each before it is begun, and how many there are.

        Raises as `read` does.
        """
        home = Path(task.home)
        try:
            return self._asked({"together": asdict(task)}, home, told)["staged"]
        except Starved as starved:
            raise LakeUnavailable(home, starved.reason) from starved

    def interrupt(self) -> None:
        """End what is being read; whoever waits for it hears that the process has ended."""
        process = self._process
        if process is not None:
            process.kill()
