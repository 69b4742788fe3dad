"""Whether a rollup by minute knows every event of a window.

Minutes came later than hours: what was ingested before has none. Where both count the same in every hour, the minutes
are all there.
"""

from functools import lru_cache

from metrics.engine.database import rows_of
from metrics.engine.statement import Relation, Statement

_HOUR_MICROS = 3_600_000_000


@lru_cache(maxsize=256)
def is_covered(minutes: Relation, hours: Relation, count: str, span: str) -> bool:
    """Whether the sums of `count` by hour are the same in both over `span`, SQL for a span of whole hours.

    Data files never change: one answer holds for as long as the views are made of the same files.
    """
    if hours.files and not minutes.files:
        return False
    hour = f"epoch_us(bucket) // {_HOUR_MICROS}"
    text = (
        f'SELECT hour FROM (SELECT {hour} AS hour, "{count}" AS n FROM {minutes.sql} WHERE {span} '
        f'UNION ALL SELECT {hour}, -"{count}" FROM {hours.sql} WHERE {span}) AS counted '
        "GROUP BY hour HAVING sum(n) <> 0 LIMIT 1"
    )
    return rows_of(Statement(text, {}, (minutes, hours))).is_empty()
