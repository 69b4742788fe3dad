"""All tests, and what holds for each of them and for every process that they start.

Test processes stand side by side, one a core: what threads of one would gain by sharing out its small work, handing it
over costs twice.
"""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # Polars' and DuckDB's
os.environ.setdefault("TOKIO_WORKER_THREADS", "1")  # Delta tables'
