"""Which way people take through the product.

A journey is the pages that one session views one after another: repeats of a page are one view, and half an hour
without a view, or a day since its begin, ends it. Nearly all are told by visits, whose paths are looked at once each,
however many took them; the others are followed view by view: DuckDB finds the views, Polars puts them in order.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Annotated

import polars as pl
from pydantic import Field

from metrics.catalog.experience import VIEWED
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import used_parameters
from metrics.engine.file_pruning import event_rows, filtered_event_files
from metrics.engine.measures.sessions import in_sessions
from metrics.engine.query import Filter, Question, Window
from metrics.engine.scope import Scope
from metrics.engine.statement import ROW, Relation, Statement
from metrics.engine.time_sql import span_sql
from metrics.engine.visits import KIND, PLACE, VisitAccess, person_sql, visit_access
from metrics.lake import visits
from metrics.lake.shapes import BUCKET

MOST_VIEWS = 8_000_000
"""Views held in memory at a time: of more, every so many-th session is taken."""
_GAP_US = visits.PAUSE // timedelta(microseconds=1)
_LONGEST_US = timedelta(days=1) // timedelta(microseconds=1)
_NOBODY = pl.DataFrame(schema={"path": pl.String, "person": pl.UInt64, "times": pl.Int64})

LINKS = pl.Schema(
    {
        "step": pl.Int64(), "source": pl.String(), "target": pl.String(), "users": pl.Int64(),
        "transitions": pl.Int64(), "share": pl.Float64(),
    }
)  # fmt: skip


@dataclass(frozen=True)
class UserFlows:
    """The answer to `Journeys`."""

    links: pl.DataFrame
    """From page to page, step by step (`LINKS`): 0 is the first; a null target is where people left.

    `share` is the percentage of the users at the source, at that step, who went on to the target.
    """
    users: int
    """Distinct users on any of the journeys."""
    journeys: int
    left_out: int
    """Links that are too small to be shown."""
    one_in: int = 1
    """Of how many sessions one was looked at."""


class Journeys(Question[UserFlows]):
    """Which way people take from page to page."""

    window: Window
    filters: tuple[Filter, ...] = ()
    steps: Annotated[int, Field(ge=2, le=12)] = 5
    """Pages of a journey that are shown."""
    start: str | None = None
    """Page with which the journeys shown begin: what came before it is left out, and journeys without it are, too."""
    end: str | None = None
    """Page with which they end, likewise. Without `start`, the steps shown are the last ones before it."""
    minimum_share: Annotated[float, Field(ge=0, le=100)] = 0
    """Links of fewer users than this are left out, in percent of all users on the way."""


def answer(context: Context, question: Journeys) -> UserFlows:
    """Follow the journeys of the window."""
    scope = context.scope_of(question.window, question.filters)
    scope.kinds_for("page_views", (KIND,))
    events = filtered_event_files(scope, KIND, [question.window])
    access = visit_access(scope)
    one_in = max(1, ceil((event_rows(scope.lake, KIND, access.edges) + access.rows) / MOST_VIEWS))
    sampled = f" AND session % {one_in:d} = 0" if one_in > 1 else ""
    given = _given(access, events, sampled)
    straight = _straight(given, (events, access.visits)) if access.days else _NOBODY
    followed = access if straight["path"].null_count() else replace(access, days=())
    views = _views(followed, events, given, sampled, scope)
    return _flows(_walked(straight.drop_nulls("path"), question), _placed(_journeys(views), question), question, one_in)


def _given(access: VisitAccess, events: Relation, sampled: str) -> str:
    """The beginning of a statement: `given`, the visits with a view, and `several`, the sessions to be followed.

    A session is told by its `path` where it is one journey of one visit, and all of it by visits.
    """
    given = (
        f"SELECT hash(session_id) AS session, {person_sql('hash(session_id)')} AS person, {visits.PATH} AS path "
        f"FROM {access.visits.sql} WHERE session_id IS NOT NULL AND {visits.JOURNEYS} > 0 "
        f"AND {span_sql(BUCKET, access.days)}"
    )
    if access.edges:
        given += (
            " UNION ALL SELECT DISTINCT hash(session_id) AS session, CAST(0 AS UBIGINT) AS person, "
            f"CAST(NULL AS VARCHAR) AS path FROM {events.sql} WHERE session_id IS NOT NULL "
            f"AND {span_sql('ts', access.edges)} AND {VIEWED} AND page IS NOT NULL"
        )
    return (
        f"WITH given AS (SELECT * FROM ({given}) AS visits WHERE true{sampled}), several AS MATERIALIZED ("
        "SELECT session FROM given GROUP BY session HAVING count(*) > 1 OR count(path) = 0) "
    )


def _straight(given: str, relations: tuple[Relation, ...]) -> pl.DataFrame:
    """Sessions told by their path, by `path` and `person`, with their number `times`; without a path all others."""
    text = (
        f"{given}SELECT path, person, count(*) AS times FROM given "
        "WHERE session NOT IN (SELECT session FROM several) GROUP BY ALL UNION ALL "
        "SELECT NULL AS path, CAST(0 AS UBIGINT) AS person, count(*) AS times FROM several HAVING count(*) > 0"
    )
    return rows_of(Statement(text, {}, relations))


def _views(access: VisitAccess, events: Relation, given: str, sampled: str, scope: Scope) -> pl.DataFrame:
    """Views of known pages: those of the sessions that must be followed, and of events all that no visit tells."""
    text = (
        f"SELECT session, number, epoch_us(ts) AS ts, {ROW} AS row, page, {person_sql('session')} AS person "
        f"FROM ({in_sessions(scope, events, access.edges, f', {ROW}')}) AS interactions "
        f"WHERE {VIEWED} AND page IS NOT NULL{sampled}"
    )
    if access.days:
        text = (
            f"{given}{text} UNION ALL "
            f"SELECT hash(session_id) AS session, 0 AS number, unnest({visits.MOMENTS}) AS ts, {PLACE} AS row, "
            f"unnest({visits.VIEWED}) AS page, {person_sql('hash(session_id)')} AS person FROM {access.visits.sql} "
            f"WHERE session_id IS NOT NULL AND {visits.JOURNEYS} > 0 AND {span_sql(BUCKET, access.days)} "
            "AND hash(session_id) IN (SELECT session FROM several)"
        )
    return rows_of(Statement(text, used_parameters(scope, text), (events, access.visits)))


def _journeys(views: pl.DataFrame) -> pl.DataFrame:
    """Views in order, repeats left out, with the number of their `journey` and their `place` in it, from 0."""
    coded = views.with_columns(pl.col("page").cast(pl.Categorical)).sort("session", "number", "ts", "row", "page")
    same = (pl.col("session") == pl.col("session").shift(1)) & (pl.col("number") == pl.col("number").shift(1))
    follows = (same & (pl.col("ts") - pl.col("ts").shift(1) <= _GAP_US)).fill_null(False)
    begun = pl.when(~pl.col("follows")).then(pl.col("ts")).forward_fill()
    days = coded.with_columns(follows=follows).with_columns(day=(pl.col("ts") - begun) // _LONGEST_US)
    goes_on = pl.col("follows") & (pl.col("day") == pl.col("day").shift(1))
    split = days.with_columns(journey=(~goes_on.fill_null(False)).cum_sum())
    repeats = (pl.col("journey") == pl.col("journey").shift(1)) & (pl.col("page") == pl.col("page").shift(1))
    kept = split.filter(~repeats.fill_null(False)).select("journey", "person", "page")
    return _numbered(kept)


def _numbered(views: pl.DataFrame) -> pl.DataFrame:
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    first = pl.col("journey") != pl.col("journey").shift(1)
    begins = pl.when(first.fill_null(True)).then(row).forward_fill()
    return views.with_columns(place=row - begins)


def _placed(views: pl.DataFrame, question: Journeys) -> pl.DataFrame:
    """The journeys from the start and to the end that are asked for, at most so many steps of them."""
    if question.start is not None:
        starts = views.filter(pl.col("page") == question.start).group_by("journey").agg(start=pl.col("place").min())
        views = views.join(starts, on="journey", maintain_order="left").filter(pl.col("place") >= pl.col("start"))
        views = _numbered(views.drop("start", "place"))
    if question.end is not None:
        ends = views.filter(pl.col("page") == question.end).group_by("journey").agg(end=pl.col("place").min())
        views = views.join(ends, on="journey", maintain_order="left").filter(pl.col("place") <= pl.col("end"))
        if question.start is None:
            views = views.with_columns(place=pl.col("place") - pl.col("end") + question.steps - 1)
        views = views.drop("end")
    return views.filter(pl.col("place").is_between(0, question.steps - 1))


def _walked(straight: pl.DataFrame, question: Journeys) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The steps of journeys that are told by their path, each path looked at once, and who went it how many times."""
    paths = straight.select(pl.col("path").unique()).with_columns(journey=pl.int_range(pl.len(), dtype=pl.Int64))
    pages = paths.select("journey", page=pl.col("path").str.split(visits.BETWEEN_PAGES)).explode("page")
    people = straight.join(paths, on="path").select("journey", "person", "times")
    return _steps(_placed(_numbered(pages), question)), people


def _steps(views: pl.DataFrame) -> pl.DataFrame:
    """Each page of a journey with the one that follows, its `target`, and whether it `opens` what is shown of it."""
    goes_on, follows = (pl.col("journey").shift(way) == pl.col("journey") for way in (-1, 1))
    next_page = pl.when(goes_on).then(pl.col("page").shift(-1))
    return views.with_columns(
        pl.col("page").cast(pl.String), target=next_page.cast(pl.String), opens=~follows.fill_null(False)
    )


def _flows(
    straight: tuple[pl.DataFrame, pl.DataFrame], views: pl.DataFrame, question: Journeys, one_in: int
) -> UserFlows:
    (paths, people), followed = straight, _steps(views)
    # Numbers in the place of what they name: there are few links, and millions of steps on them.
    steps = pl.concat([frame.select("place", "page", "target") for frame in (paths, followed)])
    numbers = steps.select(spot=pl.struct("place", "page").rank("dense"), link=pl.struct(pl.all()).rank("dense"))
    names = steps.hstack(numbers).unique("link")
    of_paths = paths.select("journey", "opens").hstack(numbers.head(paths.height)).join(people, on="journey")
    of_views = followed.select("person", "opens", times=pl.lit(1, pl.Int64)).hstack(numbers.tail(followed.height))
    walked = pl.concat([frame.select("spot", "link", "person", "opens", "times") for frame in (of_paths, of_views)])
    users, journeys = walked["person"].n_unique(), int(walked.filter("opens")["times"].sum())
    counted = walked.group_by("link").agg(users=pl.col("person").n_unique(), transitions=pl.col("times").sum())
    links = counted.join(names.filter(pl.col("place") < question.steps - 1), on="link")
    if question.end is not None:  # nobody leaves at the end that was asked for
        links = links.filter(pl.col("target").is_not_null())
        walked = walked.join(links.select("link"), on="link", how="semi")
    at_source = walked.group_by("spot").agg(there=pl.col("person").n_unique())
    shared = links.join(at_source, on="spot").select(
        step="place", source="page", target="target", users=pl.col("users") * one_in,
        transitions=pl.col("transitions") * one_in, share=100 * pl.col("users") / pl.col("there"),
    )  # fmt: skip
    shown = shared.filter(pl.col("users") >= question.minimum_share / 100 * users * one_in)
    ordered = shown.cast(dict(LINKS)).sort("step", "users", "source", "target", descending=[False, True, False, False])  # pyright: ignore[reportArgumentType]
    return UserFlows(ordered, users * one_in, journeys * one_in, shared.height - shown.height, one_in)
