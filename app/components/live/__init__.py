"""What happens now, drawn in the browser from the stream of the collector: one component for all of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from alerts.rules.model import MIN_BAD_EVENTS
from app import page_times, theme, wording
from app.components.failure import contained
from app.demo import STREAM_PATH
from app.queries import asking, live
from app.source import source
from app.state import View
from metrics.catalog import Metric
from metrics.collect.stream import PATH
from metrics.engine.addresses import NEAR, TRACE
from metrics.events import KINDS

REFRESH = "30s"
EXPLORE = "explore"
"""The page that shows a trace, beside this one."""
_HERE = Path(__file__).parent
_HTML = '<div class="live"></div>'
_TILES: Sequence[tuple[str, str, str, str]] = (
    ("requests_per_second", "tiles", "", "last minute"),
    ("error_rate", "tiles", "", "last minute"),
    ("response_time_p95", "tiles", "", "last minute"),
    ("tokens", "tiles", "Tokens a second", "last minute"),
    ("cost", "cost", "Cost today", "since midnight"),
    ("users_active", "people", "", "last 5 minutes"),
)
"""Metric, subscription, title where it is another, and what it is taken over."""
_SUBSCRIPTIONS: Sequence[Mapping[str, Any]] = (
    {
        "id": "tiles",
        "metrics": [name for name, place, *_ in _TILES if place == "tiles"],
        "window": "1m",
        "course": True,
    },
    {"id": "people", "metrics": ["users_active"], "window": "5m", "course": True},
    {"id": "cost", "metrics": ["cost", "unpriced_calls"], "window": "5m", "course": True},
    {"id": "providers", "metrics": ["llm_error_rate", "llm_calls"], "window": "5m", "by": "provider"},
    {"id": "states", "states": True},
)
_WINDOWS: Mapping[str, int] = {"tiles": 60, "people": 300}
"""Seconds of a tile: where the numbers are of less, since when they are is said."""
_STATUSES = ("down", "degraded", "healthy")
"""How a provider is, by the steps of an error rate; of fewer failed calls than a rule goes by, the last."""

_drawn = component(
    "promptpilot_live",
    html=_HTML,
    css=(_HERE / "live.css").read_text(encoding="utf-8"),
    js=(_HERE / "live.js").read_text(encoding="utf-8"),
)


def panel(view: View) -> None:
    """Tiles, lights and the tail of events; or, where none are received, what to do about it."""
    if not source().settings.collect.enabled:
        st.caption("No live events are received: `collect.enabled` is false in settings.yaml.")
        return
    with st.container(key="live"):
        _panel(view)
    st.caption("No history here: seconds later, the other pages show the same numbers over any range.")


def tiles(view: View) -> None:
    """The same tiles, and no more, beside figures of a range that ends now and is of all events.

    Nothing is seen of them until live events come, nor while the browser is cut off from them.
    """
    ends_now = isinstance(view.range, str) and not asking.shown(view).anchored
    if source().settings.collect.enabled and ends_now and not view.filters:
        with st.container(key="now"):
            _tiles(view)


@st.fragment(run_every=REFRESH)
def _panel(view: View) -> None:
    with contained("The live numbers"):
        collect = source().settings.collect
        _drawn(
            key="promptpilot-live",
            data={
                **_told(view, _SUBSCRIPTIONS),
                "kinds": list(KINDS),
                "steps": [
                    (limit if limit else -1, status)
                    for (limit, *_), status in zip(theme.ERROR_RATE_STEPS, _STATUSES, strict=True)
                ],
                "fewest": MIN_BAD_EVENTS,
                "trace": {"page": EXPLORE, "trace": TRACE, "near": NEAR},
                "example": _example(collect.port),
                "unreachable": (
                    "The collector cannot be reached: the log of `promptpilot up` says why, such as a port that "
                    "another program has (collect.port)."
                ),
            },
        )


@st.fragment(run_every=REFRESH)
def _tiles(view: View) -> None:
    with contained("The live numbers"):
        subscribed = [one for one in _SUBSCRIPTIONS if one["id"] in {place for _, place, *_ in _TILES}]
        _drawn(key="promptpilot-now", data={**_told(view, subscribed), "only": "tiles"})


def _told(view: View, subscriptions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the browser needs for the tiles."""
    spent, defined = live.spent_today(view), source().engine.metrics
    return {
        "path": STREAM_PATH if source().is_demo else PATH,
        "pageTimes": page_times.PATH.removeprefix("/"),
        "subscriptions": subscriptions,
        "tiles": [_tile(defined[name], place, title, note) for name, place, title, note in _TILES],
        "cost": {"until": spent.until.timestamp(), "usd": spent.usd, "unpriced": spent.unpriced},
        "noPrice": wording.NO_PRICE,
        "colors": theme.LIVE,
    }


def _tile(metric: Metric, place: str, title: str, note: str) -> Mapping[str, Any]:
    per_second = metric.name == "tokens"
    return {
        "name": metric.name, "metric": metric.name, "from": place, "title": title or metric.title, "note": note,
        "window": _WINDOWS.get(place, 0), "doc": metric.doc, "decimals": 1 if per_second else metric.decimals,
        "seconds": 60 if per_second else 0, "unit": "" if metric.unit in _SAID else metric.unit,
    }  # fmt: skip


_SAID = ("requests/s", "tokens", "users")
"""Units that the title says already."""


def _example(port: int) -> str:
    return (
        f"curl http://localhost:{port}/v1/events -d '\n"
        '  {"event": "request", "ts": "\'$(date -u +%FT%TZ)\'", "endpoint": "/chat", "status_code": 200, '
        '"duration_ms": 182, "user_id": "ada"}\''
    )
