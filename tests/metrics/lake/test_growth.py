"""What `docs/scale.md` says of rollups: rows become more with the values of events, not with their number."""

import polars as pl
import pytest

from metrics.lake import rollups
from metrics.lake.rollups import ROLLUPS
from metrics.lake.visits import Visits
from tests.metrics.engine.stored import complete
from tests.metrics.lake.saturated import saturated

TIMES = 4
ONE_A_VISIT = {name for name, rollup in ROLLUPS.items() if isinstance(rollup.shape, Visits)}


def partials(kind: str, times: int) -> dict[str, pl.DataFrame]:
    return rollups.partials(kind, complete(kind, saturated(times)))


@pytest.mark.parametrize("kind", sorted({rollup.kind for rollup in ROLLUPS.values()}))
def test_rollups_have_no_more_rows_of_four_times_the_events_a_day(kind: str) -> None:
    few, many = partials(kind, 1), partials(kind, TIMES)
    assert few.keys() == {rollup.name for rollup in rollups.rollups_of(kind)}
    assert all(rows.height for rows in few.values())
    growth = {name: many[name].height / rows.height for name, rows in few.items()}
    assert growth == {name: TIMES if name in ONE_A_VISIT else 1 for name in few}


@pytest.mark.parametrize("kind", ["request", "llm_call"])
def test_rows_of_histograms_are_no_longer_of_four_times_the_events_a_day(kind: str) -> None:
    few, many = partials(kind, 1), partials(kind, TIMES)
    binned = [name for name, rows in few.items() if "bins" in rows.columns]
    assert binned
    for name in binned:
        assert many[name]["bins"].list.len().sum() == few[name]["bins"].list.len().sum()
