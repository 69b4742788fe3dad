"""A view and its place in the URL."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state import ALL, PRESETS, RANGES, View, parse, serialise
from metrics.catalog import DIMENSIONS
from metrics.engine.addresses import NULL, filter_text
from metrics.engine.query import Filter, Window

NOW = datetime(2026, 3, 4, 12, 0, 20, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [NULL, "\\", ",", ":", "!:", "a,b", ""]
)
MOMENTS = st.datetimes(datetime(1990, 1, 2), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DIMENSION = st.sampled_from(sorted(DIMENSIONS)) | TEXT.map("attributes.".__add__)
FILTERS = st.builds(
    Filter,
    dimension=DIMENSION,
    operator=st.sampled_from(["in", "not in", "contains"]),
    values=st.lists(TEXT | st.none(), min_size=1, max_size=4).map(tuple),
)
WINDOWS = st.tuples(MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=300))).map(
    lambda pair: Window(start=pair[0], end=pair[0] + pair[1])
)
VIEWS = st.builds(
    View,
    range=st.sampled_from(sorted(RANGES)) | WINDOWS,
    tz=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]),
    compare=st.booleans(),
    filters=st.lists(FILTERS, max_size=3, unique=True).map(tuple),
)


@given(VIEWS)
def test_a_link_shows_the_same_view(view: View) -> None:
    query = urlencode(serialise(view, "UTC"), doseq=True)
    parsed = parse(parse_qs(query, keep_blank_values=True), "UTC")
    assert parsed.view == view
    assert parsed.notes == ()


@given(st.dictionaries(st.sampled_from(["range", "from", "to", "tz", "compare", "f"]), st.lists(st.text(), max_size=3)))
def test_nothing_in_a_url_is_an_error(params: dict[str, list[str]]) -> None:
    parse(params).view.shown(NOW, None)


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"range": ["2w"]}, "2w"),
        ({"tz": ["Mars/Olympus"]}, "Mars/Olympus"),
        ({"tz": ["../../etc/passwd"]}, "passwd"),
        ({"compare": ["yes"]}, "yes"),
        ({"f": ["colour:red"]}, "colour"),
        ({"f": ["provider"]}, "provider"),
        ({"from": ["yesterday"], "to": ["2026-01-01T00:00Z"]}, "yesterday"),
        ({"from": ["2026-01-02T00:00Z"], "to": ["2026-01-01T00:00Z"]}, "2026-01-02"),
        ({"from": ["0001-01-01T00:00Z"], "to": ["2026-01-01T00:00Z"]}, "0001"),
        ({"to": ["2026-01-01T00:00Z"]}, "2026-01-01"),
    ],
)
def test_what_makes_no_sense_is_ignored_and_named(params: dict[str, list[str]], word: str) -> None:
    parsed = parse(params)
    assert parsed.view == View()
    assert len(parsed.notes) == 1
    assert word in parsed.notes[0]


def test_the_examples_of_the_documentation_read_as_meant() -> None:
    params = {"range": ["7d"], "tz": ["Europe/Berlin"], "compare": ["1"], "f": ["provider:openai,anthropic"]}
    chosen = Filter(dimension="provider", values=("openai", "anthropic"))
    assert parse(params).view == View("7d", "Europe/Berlin", True, (chosen,))


def test_a_time_without_an_offset_is_meant_in_the_zone_of_the_view() -> None:
    view = parse({"from": ["2026-07-01T00:00"], "to": ["2026-07-02"], "tz": ["Europe/Berlin"]}).view
    berlin = ZoneInfo("Europe/Berlin")
    assert view.range == Window(start=datetime(2026, 7, 1, tzinfo=berlin), end=datetime(2026, 7, 2, tzinfo=berlin))


def test_a_plus_sign_that_arrives_as_a_space_is_an_offset() -> None:
    view = parse({"from": ["2026-07-01T00:00 02:00"], "to": ["2026-07-01T01:00 02:00"]}).view
    assert view.range == Window(start=datetime(2026, 6, 30, 22, tzinfo=UTC), end=datetime(2026, 6, 30, 23, tzinfo=UTC))


def test_the_default_view_needs_no_parameters() -> None:
    assert serialise(View()) == {}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_its_length_and_holds_the_present(name: str) -> None:
    shown = View(range=name).shown(NOW, NOW)
    assert shown.window.length == PRESETS[name].length
    assert shown.window.start < NOW <= shown.window.end
    assert not shown.anchored


def test_a_preset_over_old_data_ends_at_the_newest_event() -> None:
    newest = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    shown = View(range="24h").shown(NOW, newest)
    assert shown.anchored
    assert shown.window.end == datetime(2024, 5, 6, 7, 10, tzinfo=UTC)


def test_a_preset_that_still_holds_events_ends_now() -> None:
    assert not View(range="24h").shown(NOW, NOW - timedelta(hours=23)).anchored


def test_the_newest_event_lies_within_an_anchored_window_even_on_a_boundary() -> None:
    newest = datetime(2024, 5, 6, 7, 10, tzinfo=UTC)
    assert View(range="24h").shown(NOW, newest).window.end > newest


def test_all_is_from_the_first_event_to_the_newest() -> None:
    first, newest = datetime(2019, 5, 6, 7, 10, tzinfo=UTC), datetime(2024, 5, 6, 8, tzinfo=UTC)
    shown = View(range=ALL).shown(NOW, newest, first)
    assert shown.window == Window(start=first.replace(minute=0), end=datetime(2024, 5, 6, 9, tzinfo=UTC))
    assert View(range=ALL).shown(NOW, first, first).window.start <= first
    assert View(range=ALL).shown(NOW, None) == View().shown(NOW, None)


def test_filtering_by_a_mark_replaces_the_filter_of_that_dimension() -> None:
    view = View(filters=(Filter(dimension="endpoint", values=("/a", "/b")), Filter(dimension="region", values=("eu",))))
    assert [filter_text(one) for one in view.filtered_by("endpoint", None).filters] == ["region:eu", f"endpoint:{NULL}"]
