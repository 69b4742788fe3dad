"""Reading processes that can be ended from another thread than the one that waits for them."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from metrics.lake.child import Reader
from metrics.lake.reader import Together


class InterruptibleReader(Reader):
    """One reading process."""

    def __enter__(self) -> Self:
        return self

    def read_together(self, task: Together, told: Callable[[int, int | None], None]) -> dict[str, Any]:
        """What was staged of small files; `told` hears the number of each before it is begun, and how many there are.

        Raises as `read` does.
        """
        return self._staged({"together": asdict(task)}, Path(task.home), told)

    def interrupt(self) -> None:
        """End what is being read; whoever waits for it hears that the process has ended."""
        process = self._process
        if process is not None:
            process.kill()
