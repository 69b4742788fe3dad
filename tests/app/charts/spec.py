"""A figure as the browser gets it, as plain values."""

from typing import Any, cast

from app.charts.picture import Picture

Spec = dict[str, Any]


def layout(picture: Picture) -> Spec:
    """The layout of a figure."""
    return cast("Spec", picture.figure["layout"])


def traces(picture: Picture) -> list[Spec]:
    """Its traces, in order."""
    return cast("list[Spec]", picture.figure["data"])


def named(picture: Picture) -> dict[str, Spec]:
    """Its traces by name."""
    return {trace["name"]: trace for trace in traces(picture)}
