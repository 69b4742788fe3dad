"""Where a message leads: the page that shows its metric, over the same window and with the same filters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from metrics.catalog import METRICS, money, usage
from metrics.engine.addresses import filter_parameters, trace_parameters, window_parameters
from metrics.engine.query import Filter, Window

EXPLORE = "explore"
"""Shows any metric, those of the home too."""
_FAMILIES: Mapping[str, Sequence[str]] = {
    "cost": [metric.name for metric in money.METRICS],
    "behavior": [metric.name for metric in usage.METRICS],
}
_KINDS: Mapping[str, str] = {
    "request": "performance", "llm_call": "performance", "error": "health", "health": "health", "resource": "health",
    "prompt": "quality", "pipeline_run": "quality", "web_vital": "quality", "feedback": "quality",
    "interaction": "behavior",
}  # fmt: skip
"""Pages by the kind of event that a metric is made of, where its family has none."""
_PAGES: Mapping[str, str] = {
    metric.name: _KINDS.get(metric.kinds[0], EXPLORE) for metric in METRICS.values()
} | {name: page for page, names in _FAMILIES.items() for name in names}  # fmt: skip


def dashboard_url(public_url: str, metric: str, window: Window, filters: Sequence[Filter] = ()) -> str:
    """The page of a metric over a window, filtered; without a metric, the first page."""
    page = page_of(metric) if metric else ""
    parameters = window_parameters(window) | filter_parameters(filters)
    if page == EXPLORE:
        parameters |= {"m": [metric]}
    return f"{_within(public_url, page)}?{urlencode(parameters, doseq=True, quote_via=quote)}"


def explore_url(public_url: str, metric: str, window: Window, filters: Sequence[Filter] = ()) -> str:
    """A metric as a chart over a window, filtered."""
    parameters = {"m": [metric]} | window_parameters(window) | filter_parameters(filters)
    return f"{_within(public_url, EXPLORE)}?{urlencode(parameters, doseq=True, quote_via=quote)}"


def page_of(metric: str) -> str:
    """The page that tells most about a metric, as it stands in an address."""
    return _PAGES.get(metric, EXPLORE)


def incident_url(public_url: str, incident: str) -> str:
    """The Alerts page, with an incident opened."""
    return f"{_within(public_url, 'alerts')}?{urlencode({'incident': incident})}"


def trace_url(public_url: str, trace_id: str, near: datetime) -> str:
    """The page of a trace, which has an event near that moment."""
    parameters = trace_parameters(trace_id, near)
    return f"{_within(public_url, EXPLORE)}?{urlencode(parameters, doseq=True, quote_via=quote)}"


def _within(public_url: str, page: str) -> str:
    return f"{public_url.rstrip('/')}/{page}"
