"""What work that is killed needs: imported once, by the process that all of it is forked from."""

import metrics.lake.ingest  # noqa: F401
