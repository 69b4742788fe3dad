"""Visits: what a session of a user did on a day, in one row, from which sessions and journeys are put together.

A visit keeps each view of a page with its moment, so that visits of one session become one whichever file, batch or
day they come from. What is asked of nearly all of them is there beside that: `path` is the pages of a visit that is
one journey, so that only the others have to be followed view by view.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from metrics.events.schema import TIMESTAMP

if TYPE_CHECKING:
    from metrics.lake.shapes import View

PAUSE = timedelta(minutes=30)
"""A longer time without a view ends a journey."""
BETWEEN_PAGES = "\x1f"
"""What stands between the pages of a path."""

SESSION, PERSON = "session_id", "user_id"
BEGUN, ENDED = "first_ts", "last_ts"
EVENTS, VIEWS, PAGES = "events", "views", "pages"
PATH, JOURNEYS = "path", "journeys"
MOMENTS, VIEWED = "moments", "viewed"

_DAY, _NUMBER, _IS_VIEW = "bucket", "number", "is_view"


@dataclass(frozen=True)
class Visits:
    """One row a day, session and user, also where one of them or both are not known.

    `events`, `views` (of pages, known or not) and `pages` (different ones viewed) are counts. `moments` (microseconds
    since the epoch) and `viewed` are its views of known pages, in order of time, those of one moment as their file has
    them. `journeys` is what they fall into; of one journey, `path` is its pages without repeats.
    """

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        return {
            SESSION: pl.String(), PERSON: pl.String(), BEGUN: TIMESTAMP, ENDED: TIMESTAMP, EVENTS: pl.Int64(),
            VIEWS: pl.Int64(), PAGES: pl.Int64(), JOURNEYS: pl.Int64(), PATH: pl.String(),
            MOMENTS: pl.List(pl.Int64()), VIEWED: pl.List(pl.String()),
        }  # fmt: skip

    def prepare(self, events: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        assert all(key.startswith("bucket_") for key in keys), "a visit has no dimensions"
        page = pl.col("page").cast(pl.String)
        told = events.select(
            pl.col("bucket_day").alias(_DAY), SESSION, PERSON, "ts", page.alias(VIEWED), is_page_view().alias(_IS_VIEW)
        )
        # Sorting numbers takes half of sorting texts.
        codes = [_codes(name).alias(f"code of {name}") for name in (SESSION, PERSON)]
        ordered = told.with_columns(codes).sort("code of session_id", "code of user_id", "ts", maintain_order=True)
        return ordered.with_columns(_numbers("code of session_id", "code of user_id", _DAY))

    def partial(self, events: pl.DataFrame, view: "View") -> pl.DataFrame:
        visits = events.group_by(_NUMBER).agg(
            pl.col(_DAY, SESSION, PERSON).first(),
            pl.col("ts").min().alias(BEGUN),
            pl.col("ts").max().alias(ENDED),
            pl.len().cast(pl.Int64).alias(EVENTS),
            pl.col(_IS_VIEW).sum().cast(pl.Int64).alias(VIEWS),
        )
        known = events.filter(pl.col(_IS_VIEW) & pl.col(VIEWED).is_not_null())
        return _with_views(visits, known.select(_NUMBER, pl.col("ts").to_physical().alias(MOMENTS), VIEWED))

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        named = [*(key if isinstance(key, str) else key.meta.output_name() for key in keys), SESSION, PERSON]
        several = rows.select(named).is_duplicated()
        # Which of two views at one moment was first, nothing says where files differ: any order, but always the same.
        ordered = rows.filter(several).sort(*named, BEGUN, pl.col(VIEWED).list.join(BETWEEN_PAGES))
        again = ordered.with_columns(pl.struct(named).rle_id().alias(_NUMBER))
        visits = again.group_by(_NUMBER).agg(
            *(pl.col(name).first() for name in named),
            pl.col(BEGUN).min(),
            pl.col(ENDED).max(),
            pl.col(EVENTS, VIEWS).sum(),
        )
        views = again.filter(pl.col(JOURNEYS) > 0).select(_NUMBER, MOMENTS, VIEWED).explode(MOMENTS, VIEWED)
        merged = _with_views(visits, views.sort(_NUMBER, MOMENTS, maintain_order=True))
        return pl.concat([rows.filter(~several), merged.select(rows.columns)])


def is_page_view() -> pl.Expr:
    """Whether an interaction is the view of a page: it says so, or names a page and no action."""
    return (pl.col("action") == "page_view").fill_null(pl.col("page").is_not_null())


def _with_views(visits: pl.DataFrame, views: pl.DataFrame) -> pl.DataFrame:
    """Visits with what follows from their views, which are in order."""
    goes_on = pl.col(_NUMBER) == pl.col(_NUMBER).shift(1)
    paused = goes_on & (pl.col(MOMENTS) - pl.col(MOMENTS).shift(1) > PAUSE // timedelta(microseconds=1))
    marked = views.with_columns(paused=paused.fill_null(False), goes_on=goes_on.fill_null(False))
    repeated = pl.col("goes_on") & ~pl.col("paused") & (pl.col(VIEWED) == pl.col(VIEWED).shift(1))
    listed = marked.group_by(_NUMBER, maintain_order=True).agg(
        pl.col(MOMENTS), pl.col(VIEWED), pl.col(VIEWED).n_unique().cast(pl.Int64).alias(PAGES),
        (pl.col("paused").sum().cast(pl.Int64) + 1).alias(JOURNEYS),
    )  # fmt: skip
    ways = (
        marked.filter(~repeated.fill_null(False)).group_by(_NUMBER, maintain_order=True).agg(pl.col(VIEWED).alias(PATH))
    )
    joined = visits.join(listed, on=_NUMBER, how="left").join(ways, on=_NUMBER, how="left")
    path = pl.col(PATH).list.join(BETWEEN_PAGES)
    is_told = (pl.col(JOURNEYS) == 1) & (
        path.str.count_matches(BETWEEN_PAGES, literal=True) == pl.col(PATH).list.len() - 1
    )
    return joined.with_columns(
        pl.col(PAGES, JOURNEYS).fill_null(0), pl.when(is_told).then(path).alias(PATH),
        pl.col(MOMENTS, VIEWED).fill_null([]),
    )  # fmt: skip


def _codes(name: str) -> pl.Expr:
    # Categories of its own, so that the codes are forgotten with the frame.
    return pl.col(name).cast(pl.Categorical(pl.Categories.random())).to_physical()


def _numbers(*names: str) -> pl.Expr:
    """The number of the visit that each of the ordered rows belongs to."""
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in names)
    return (~same).cum_sum().alias(_NUMBER)
