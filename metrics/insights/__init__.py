"""What does a series mean: what will come of it, what in it is unusual, and why?

What is exported here is loaded when it is first asked for: models cost time to import, and no page needs them to start.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.insights.anomalies import detect
    from metrics.insights.causes import explain
    from metrics.insights.forecasting import forecast

__all__ = ["detect", "explain", "forecast"]

_ROOMS = {
    "detect": "metrics.insights.anomalies",
    "explain": "metrics.insights.causes",
    "forecast": "metrics.insights.forecasting",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
