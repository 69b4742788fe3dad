"""Where messages lead: to pages that exist and that read the address as it was meant."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.telling.links import dashboard_url, incident_url, trace_url
from app.navigation import ENTRIES
from app.queries import exploring
from app.state import parse
from metrics.catalog import METRICS
from metrics.engine.query import Filter, Window

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WINDOW = Window(start=NOON, end=NOON + timedelta(minutes=61, microseconds=5))
FILTERS = (
    Filter(dimension="endpoint", values=("/chat?a=1&b=2", None)),
    Filter(dimension="region", operator="not in", values=("eu: west",)),
)


@pytest.mark.parametrize(
    ("metric", "page"),
    [
        ("error_rate", "performance"),
        ("response_time_p95", "performance"),
        ("llm_latency_p95", "performance"),
        ("cost", "cost"),
        ("tokens", "cost"),
        ("uptime", "health"),
        ("errors_critical", "health"),
        ("cpu_usage", "health"),
        ("dau", "behavior"),
        ("bounce_rate", "behavior"),
        ("lcp_p75", "quality"),
        ("quality_mean", "quality"),
        ("security_events", "explore"),
        ("one_of_the_home", "explore"),
        ("", ""),
    ],
)
def test_a_metric_leads_to_its_page(metric: str, page: str) -> None:
    assert urlsplit(dashboard_url("http://localhost:8501", metric, WINDOW)).path == f"/{page}"


def test_every_metric_leads_to_a_page_that_exists() -> None:
    pages = {urlsplit(dashboard_url("http://localhost", name, WINDOW)).path.strip("/") for name in METRICS}
    assert pages <= {entry.path.stem for entry in ENTRIES}


@pytest.mark.parametrize("metric", ["error_rate", "one_of_the_home"])
def test_the_page_shows_the_same_window_and_filters(metric: str) -> None:
    query = urlsplit(dashboard_url("https://example.com/pilot/", metric, WINDOW, FILTERS)).query
    parsed = parse(parse_qs(query, keep_blank_values=True))
    assert (parsed.view.range, parsed.view.filters, parsed.notes) == (WINDOW, FILTERS, ())


def test_explore_is_told_which_metric() -> None:
    query = urlsplit(dashboard_url("http://localhost", "one_of_the_home", WINDOW)).query
    assert parse_qs(query)["m"] == ["one_of_the_home"]


def test_an_incident_has_an_address() -> None:
    assert incident_url("https://example.com/pilot/", "a1b2") == "https://example.com/pilot/alerts?incident=a1b2"


def test_a_trace_is_shown_by_explore_which_reads_the_address_as_it_was_meant() -> None:
    address = urlsplit(trace_url("https://pilot.example.com/here/", "a/b c&d", NOON))
    told = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert address.path == "/here/explore"
    assert exploring.trace_asked(told["trace"], told["at"]) == ("a/b c&d", NOON)


@pytest.mark.parametrize("near", ["", "yesterday", "9999-99-99", "0001-01-01T00:00:00Z"])
def test_a_trace_with_no_moment_that_makes_sense_is_looked_for_everywhere(near: str) -> None:
    assert exploring.trace_asked(" t ", near) == ("t", None)
