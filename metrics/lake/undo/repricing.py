"""Calls are priced anew after prices changed: those priced here, or not at all. What was reported stands.

The old figure stays with the event, as attributes: `cost_usd_before` (absent where there was none) and `repriced_at`.
A second time, they say what was there before the second time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metrics.events.pricing import PriceBook
from metrics.events.schema import ATTRIBUTES
from metrics.lake.datafiles import Change, DataFile
from metrics.lake.durably import space_needed
from metrics.lake.rollups import ROLLUPS, rollups_of
from metrics.lake.shapes import Counts, Histogram, Percentiles, Shape, View
from metrics.lake.sources import sourced
from metrics.lake.swapping import Plan, carry_out
from metrics.lake.tables import DATE, Lake, Table
from metrics.lake.undo.drafts import Drafts, drafted
from metrics.lake.undo.recounting import recounted
from metrics.lake.upkeep.completing import families
from metrics.lake.writer import Writer, locked
from metrics.settings import Settings

KIND = "llm_call"
BEFORE, AT = "cost_usd_before", "repriced_at"
_SAME = 1e-9
"""Relative difference of figures that are the same."""
_OURS = pl.col("cost_source").is_in(["priced", "unpriced"])
_COST = {"cost_usd", "cache_savings_usd"}
_PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
_OLD_COST, _OLD_SOURCE = "\x1fcost", "\x1fsource"


@dataclass(frozen=True)
class Repriced:
    """What pricing anew changes."""

    calls: int
    """Calls of the span that were priced here, or could not be priced."""
    reported: int
    """Calls of the span whose reported cost stands."""
    changes: pl.DataFrame
    """By `provider` and `model`: `calls` whose figure changes, their `old_usd` and `new_usd`, and how many of them were
    and are without a price (`old_unpriced`, `new_unpriced`); the greatest difference first."""
    days: tuple[str, ...]
    """UTC days whose figures change."""

    @property
    def changed(self) -> int:
        """Calls whose figure changes."""
        return int(self.changes["calls"].sum())


def reprice(
    settings: Settings, start: datetime, end: datetime, *, now: Callable[[], datetime], dry_run: bool = False
) -> Repriced:
    """Price the calls in [start, end) anew.

    Raises:
        ConfigurationError: `prices.yaml` cannot be used.
        LakeUnavailable: the home cannot be written.
    """
    prices = PriceBook.load(settings.home / "prices.yaml")
    if dry_run:
        return _Repricing(Lake.of(settings), prices, start, end, now(), settings.ingest.batch_rows).judged()[0]
    with locked(settings.home):
        writer = Writer(settings, now)
        writer.put_right()
        repricing = _Repricing(writer.lake, prices, start, end, now(), settings.ingest.batch_rows)
        told, files = repricing.judged()
        if files:
            with space_needed(settings.home), drafted(settings.home) as drafts:
                carry_out(
                    writer.lake, Plan(drafts.act, repricing.changes(files, drafts), metadata={"repriced": drafts.act})
                )
    return told


@dataclass(frozen=True)
class _Repricing:
    lake: Lake
    prices: PriceBook
    start: datetime
    end: datetime
    at: datetime
    batch_rows: int

    @property
    def table(self) -> Table:
        """The calls."""
        return self.lake.events(KIND)

    def judged(self) -> tuple[Repriced, list[DataFile]]:
        """What changes, and the data files in which it does; nothing is written."""
        files: list[DataFile] = []
        found: list[pl.DataFrame] = []
        ours = reported = 0
        for file in self.table.snapshot.files:
            if (file.max_ts and file.max_ts < self.start) or (file.min_ts and file.min_ts >= self.end):
                continue
            before = len(found)
            for calls in self._batches(file):
                within = calls.filter(self._within)
                own = within.filter(_OURS).height
                ours, reported = ours + own, reported + within.height - own
                changed = self._priced(calls).filter(_changed())
                if changed.height:
                    found.append(_summed(changed))
            if len(found) > before:
                files.append(file)
        days = tuple(sorted({file.partition[DATE] for file in files}))
        return Repriced(ours, reported, _together(found), days), files

    def changes(self, files: list[DataFile], drafts: Drafts) -> Mapping[str, Change]:
        """What the tables become, by table."""
        written = tuple(self._rewritten(file, drafts) for file in files)
        events = Change(tuple(files), written)
        days = {file.partition[DATE] for file in files}
        now = events.applied(self.table.snapshot.files)
        by_day = {
            day: [str(self.table.root / file.path) for file in now if file.partition[DATE] == day] for day in days
        }
        return {
            self.table.name: events,
            **recounted(self.lake, KIND, by_day, _views_of_cost(), drafts, self.batch_rows),
        }

    def _rewritten(self, file: DataFile, drafts: Drafts) -> DataFile:
        priced = (self._priced(calls) for calls in self._batches(file))
        return drafts.batches(self.table, file, (_with_old_figure(calls, self.at) for calls in priced))

    def _batches(self, file: DataFile) -> Iterator[pl.DataFrame]:
        calls = sourced(self.table, [file.path])
        for begin in range(0, file.rows, self.batch_rows):
            yield calls.slice(begin, self.batch_rows).collect()

    @property
    def _within(self) -> pl.Expr:
        return (pl.col("ts") >= self.start) & (pl.col("ts") < self.end)

    def _priced(self, calls: pl.DataFrame) -> pl.DataFrame:
        """The calls in their order, priced anew where that is ours to do, with the old figures beside."""
        kept = calls.with_columns(pl.col("cost_usd").alias(_OLD_COST), pl.col("cost_source").alias(_OLD_SOURCE))
        meant = (self._within & _OURS).fill_null(False)
        blank = kept.with_row_index("\x1frow").filter(meant)
        if blank.is_empty():
            return kept
        old_savings = blank["cache_savings_usd"]
        cleared = blank.with_columns(
            pl.lit(None, pl.Float64).alias("cost_usd"), pl.lit(None, pl.String).alias("cost_source"),
            pl.lit(None, pl.Float64).alias("cache_savings_usd"),
        )  # fmt: skip
        priced = self.prices.priced(cleared).with_columns(pl.coalesce("cache_savings_usd", old_savings))
        figures = ("cost_usd", "cost_source", "cache_savings_usd")
        new = priced.select("\x1frow", *(pl.col(name).alias(f"new {name}") for name in figures))
        joined = kept.with_row_index("\x1frow").join(new, on="\x1frow", how="left", maintain_order="left")
        return joined.with_columns(
            pl.when(meant).then(pl.col(f"new {name}")).otherwise(pl.col(name)).alias(name) for name in figures
        ).select(kept.columns)


def _changed() -> pl.Expr:
    """Whether the figure is another one."""
    old, new = pl.col(_OLD_COST), pl.col("cost_usd")
    near = (old - new).abs() <= _SAME * pl.max_horizontal(old.abs(), new.abs())
    return (old.is_null() != new.is_null()) | ~near.fill_null(True)


def _with_old_figure(calls: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The calls as they are stored: those whose figure is another one say which it was, and when that changed."""
    said = [(BEFORE, pl.col(_OLD_COST).cast(pl.String)), (AT, pl.lit(at.isoformat()))]
    pairs = pl.concat_list([pl.struct(pl.lit(key).alias("key"), value.alias("value")) for key, value in said])
    earlier = pl.col("attributes").map.entries().fill_null(pl.lit([], _PAIRS))
    others = earlier.list.filter(~pl.element().struct.field("key").is_in([BEFORE, AT]))
    noted = pl.concat_list(others, pairs.list.filter(pl.element().struct.field("value").is_not_null()))
    attributes = pl.when(_changed()).then(noted.cast(ATTRIBUTES)).otherwise(pl.col("attributes"))
    return calls.with_columns(attributes.alias("attributes")).drop(_OLD_COST, _OLD_SOURCE)


def _summed(changed: pl.DataFrame) -> pl.DataFrame:
    old, new = pl.col(_OLD_COST), pl.col("cost_usd")
    return changed.group_by("provider", "model").agg(
        pl.len().cast(pl.Int64).alias("calls"), old.sum().alias("old_usd"), new.sum().alias("new_usd"),
        old.null_count().cast(pl.Int64).alias("old_unpriced"), new.null_count().cast(pl.Int64).alias("new_unpriced"),
    )  # fmt: skip


_SUMS = pl.Schema(
    {
        "provider": pl.String(), "model": pl.String(), "calls": pl.Int64(), "old_usd": pl.Float64(),
        "new_usd": pl.Float64(), "old_unpriced": pl.Int64(), "new_unpriced": pl.Int64(),
    }
)  # fmt: skip


def _together(found: list[pl.DataFrame]) -> pl.DataFrame:
    every = pl.concat([_SUMS.to_frame(), *found]).group_by("provider", "model").agg(pl.all().sum())
    return every.sort(
        (pl.col("new_usd") - pl.col("old_usd")).abs(), "provider", "model", descending=[True, False, False]
    )


def _views_of_cost() -> Mapping[str, tuple[View, ...]]:
    """The rollups that hold anything of the cost of calls, and those that count as complete when these do."""
    telling = {rollup.name for rollup in rollups_of(KIND) if _COST & _columns_of(rollup.shape)}
    families_told = [family.views for family in families() if family.kind == KIND and telling & family.views.keys()]
    names = telling.union(*families_told)
    return {name: rollup.views for name, rollup in ROLLUPS.items() if name in names}


def _columns_of(shape: Shape) -> set[str]:
    if isinstance(shape, Counts):
        return {name for one in shape.aggregates for name in one.expression.meta.root_names()}
    return {shape.column} if isinstance(shape, Histogram | Percentiles) else set()
