"""Questions about who uses the product, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import polars as pl

from app import answers, wording
from app.queries.asking import Answer, ask, over, part, shown, widened
from app.state import View
from metrics.engine import DataFreshness, DimensionValues, Filter, Funnel, FunnelStep, Journeys, Retention
from metrics.engine.query import Grain

GROWTH = timedelta(days=30)
"""Span of user growth shown at least, whatever the range: growth over an hour says nothing."""
Unit = Literal["day", "week"]
UNITS: Sequence[Unit] = ("day", "week")
"""Spans by which users are put into cohorts."""
RETENTION: Mapping[Unit, timedelta] = {"day": timedelta(days=14), "week": timedelta(weeks=8)}
"""Span of the cohorts shown at least."""
FOLDED_FROM = timedelta(weeks=5)
"""Span beyond which cohorts of days are folded to weeks: a triangle of so many rows is not read."""
_PAGE = "page"
MOST_FEATURES = 12
MOST_PAGES = 50
"""Pages to choose from."""


@dataclass(frozen=True, slots=True)
class FlowOptions:
    """Which journeys are meant."""

    steps: int = 5
    minimum_share: float = 1
    start: str | None = None
    end: str | None = None


def growth(view: View) -> Answer:
    """Active and new users by day, over thirty days or the range, whichever is longer."""
    answer = ask(widened(view, GROWTH), ("dau", "users_new"), grain=Grain.DAY)
    if "dau" in answer.frame.columns and not answer.frame["dau"].max():
        answer = replace(answer, frame=answer.frame.clear())
    return replace(answer, note=_note(view))


def active(view: View) -> Answer:
    """Daily, weekly and monthly active users by day."""
    return replace(ask(widened(view, GROWTH), ("dau", "wau", "mau"), grain=Grain.DAY), note=_note(view))


def arrivals(view: View) -> Answer:
    """New and returning users by day."""
    answer = ask(widened(view, GROWTH), ("users_new", "users_returning"), grain=Grain.DAY)
    return replace(answer, note=_note(view))


def retention(unit: Unit) -> Callable[[View], Answer]:
    """Cohorts and the share of them that came back, by day or by week; of days that are many, by week."""

    def asked(view: View) -> Answer:
        folded = unit == "day" and shown(view).window.length > FOLDED_FROM
        by: Unit = "week" if folded else unit
        wider = widened(view, RETENTION[by])
        window = shown(wider).window
        most = 14 if by == "day" else 12
        question = Retention(window=window, filters=view.filters, tz=view.tz, unit=by, most=most)
        kind = next(iter(answers.ask(DataFreshness()).kinds), "request")
        answer = over(wider, window, kind, lambda: answers.ask(question))
        why = f", as the range is longer than {FOLDED_FROM.days // 7} weeks" if folded else ""
        return replace(answer, note=f"cohorts by {by}{why}, users of each; +1 is one {by} later")

    return asked


def journeys(options: FlowOptions) -> Callable[[View], Answer]:
    """The flows of people from page to page; where the view is of one page, those that begin with it.

    Of views of one page alone, nobody would go anywhere.
    """

    def asked(view: View) -> Answer:
        window = shown(view).window
        page = None if options.start else _page(view)
        filters = view.filters if page is None else tuple(one for one in view.filters if one.dimension != _PAGE)
        question = Journeys(
            window=window, filters=filters, steps=options.steps, start=options.start or page, end=options.end,
            minimum_share=options.minimum_share,
        )  # fmt: skip
        notes = [] if page is None else [f"beginning with {wording.name(page, 40)}"]

        def links() -> pl.DataFrame:
            flows = answers.ask(question)
            notes.append(f"{flows.users:,} users on {flows.journeys:,} journeys")
            if flows.left_out:
                notes.append(f"{flows.left_out:,} smaller links left out")
            if flows.one_in > 1:
                notes.append(f"from one of {flows.one_in} sessions")
            return flows.links

        answer = over(view, window, "interaction", links)
        return replace(answer, note=" · ".join(notes))

    return asked


def _page(view: View) -> str | None:
    """The one page that a view is of, if it is."""
    of_pages = [one for one in view.filters if one.dimension == _PAGE]
    values = of_pages[0].values if len(of_pages) == 1 and of_pages[0].operator == "in" else ()
    return values[0] if len(values) == 1 else None


def funnel(pages: Sequence[str], service: str | None = None) -> Callable[[View], Answer]:
    """How many get from one of the pages to the next; of one service where several have pages."""

    def asked(view: View) -> Answer:
        window = shown(view).window
        filters = view.filters if service is None else (*view.filters, Filter(dimension="service", values=(service,)))
        question = Funnel(window=window, steps=tuple(FunnelStep(page=page) for page in pages), filters=filters)
        return over(view, window, "interaction", lambda: answers.ask(question))

    return asked


def pages(view: View) -> list[str]:
    """Pages people looked at, the most visited first."""
    viewed = answers.ask(DimensionValues(dimension=_PAGE, window=shown(view).window, limit=MOST_PAGES))
    return [page for page in viewed if page]


def pages_by_service(view: View) -> Mapping[str, list[str]]:
    """Pages people looked at by the service they belong to, the most visited of both first."""
    answer = ask(replace(view, compare=False), ("page_views",), by=("service", "page"), grain=Grain.NONE)
    if answer.is_empty or answer.needs:
        return {}
    viewed = answer.frame.drop_nulls(("service", "page")).filter(pl.col("page_views") > 0)
    ranked = viewed.with_columns(all=pl.col("page_views").sum().over("service")).sort(
        "all", "service", "page_views", "page", descending=[True, False, True, False]
    )
    found: dict[str, list[str]] = {}
    for service, page in ranked.select("service", "page").iter_rows():
        found.setdefault(service, []).append(page)
    return {service: pages[:MOST_PAGES] for service, pages in found.items()}


def adoption(view: View) -> Answer:
    """The share of active users that used each feature."""
    answer = ask(replace(view, compare=False), ("feature_adoption",), by=("feature",), grain=Grain.NONE)
    if answer.is_empty:
        return answer
    named = answer.frame.drop_nulls("feature").sort("feature_adoption", descending=True)
    return replace(answer, frame=named.head(MOST_FEATURES), note=part(MOST_FEATURES, named.height, "most used"))


def _note(view: View) -> str:
    return "" if shown(view).window.length > GROWTH else f"last {GROWTH.days} days"


RETENTIONS: Mapping[str, Callable[[View], Answer]] = {unit: retention(unit) for unit in UNITS}
"""The question by unit."""
