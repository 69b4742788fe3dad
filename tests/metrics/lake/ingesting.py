"""A process that ingests an inbox, to be killed: `python -m tests.metrics.lake.ingesting HOME`."""

import sys
from pathlib import Path

from metrics.lake.ingest import ingest_inbox
from metrics.settings import Settings
from tests.metrics.lake.files import NOW


def main() -> None:
    settings = Settings(home=Path(sys.argv[1]))
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    ingest_inbox(settings, now=lambda: NOW, wait=False)


if __name__ == "__main__":
    main()
