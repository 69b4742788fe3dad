"""Windows and filters in the address of a page."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metrics.catalog import DIMENSIONS
from metrics.engine.addresses import NULL, filter_parameters, filter_text, parse_filter, window_parameters
from metrics.engine.query import Filter, Window

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [NULL, "\\", ",", ":", "!:", ""]
)
FILTERS = st.builds(
    Filter,
    dimension=st.sampled_from(sorted(DIMENSIONS)) | TEXT.map("attributes.".__add__),
    operator=st.sampled_from(["in", "not in", "contains"]),
    values=st.lists(TEXT | st.none(), min_size=1, max_size=4).map(tuple),
)


@given(FILTERS)
def test_a_filter_survives_its_text(one: Filter) -> None:
    assert parse_filter(filter_text(one)) == one


def test_a_window_and_filters_are_parameters() -> None:
    window = Window(start=NOON, end=NOON + timedelta(hours=1))
    assert window_parameters(window) == {"from": ["2026-05-01T12:00:00Z"], "to": ["2026-05-01T13:00:00Z"]}
    filters = [Filter(dimension="endpoint", values=("/chat", None)), Filter(dimension="region", values=("eu",))]
    assert filter_parameters(filters) == {"f": [f"endpoint:/chat,{NULL}", "region:eu"]}
    assert filter_parameters([]) == {}
