"""What a call of a language model costs, when it does not say so itself.

A reported cost stands. Else the price in force at the time of the call is taken: the home's own from
`prices.yaml`, or that of the package `genai-prices`, which knows past prices and works offline. Input tokens
include cached ones and output tokens include reasoning, so cached tokens are taken off the input before it
is priced, and reasoning is not priced again. A model is taken for a listed one only when its name is that
name, or that name and a version: a wrong near-match would be worse than no price.

    - match: {provider: openai, model: "acme-*"}      # globs; the first entry that fits wins
      from: 2026-01-01T00:00:00Z                      # in force since; left out: always
      input: 2.50                                     # USD per million tokens
      output: 10.00
      cached_input: 1.25                              # left out: as input
      cache_write: 3.10                               # left out: as input
      tiers: [{above: 200000, input: 5.00, output: 15.00}]   # for the whole request
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Annotated

import polars as pl
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ClauseEquals, ClauseOr, ModelInfo, ModelPrice, Provider, TieredPrices
from pydantic import AwareDatetime, Field

from metrics.events.entries import Entry, read_entries
from metrics.events.problems import ConfigurationError

MILLION = 1_000_000
_HALF_HOUR, _DAY = timedelta(minutes=30), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RATES = ("input", "cached_input", "cache_write", "output")
_PROVIDERS: Mapping[str, str] = {
    "azure.ai.openai": "azure", "az.ai.openai": "azure", "azure_openai": "azure", "aws.bedrock": "aws",
    "bedrock": "aws",
    "gcp.gemini": "google", "gcp.vertex_ai": "google", "vertex_ai": "google", "gemini": "google",
    "gcp.gen_ai": "google",
    "mistral_ai": "mistral", "mistralai": "mistral", "x_ai": "x-ai", "xai": "x-ai", "together_ai": "together",
}  # fmt: skip
"""Names of providers in traces, and those of the price list."""
_PATH = re.compile(r"^(.*/)?models/")
"""What Google puts before a model's name: `projects/…/publishers/google/models/`."""
_VERSION = re.compile(
    r"([-@:._]?(latest|preview|stable|v\d+([:.]\d+)?|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}(\d{2})?|\d{3,8}))*"
)
"""What may follow a listed name: dates and numbered releases. `exp` may not (those were free), nor may a short
number, which is another generation."""
_VENDOR = re.compile(r"([a-z0-9_-]+/)*")
_REGION = re.compile(r"(^|/)(us|eu|ap|apac|ca|sa|me|af|il|jp|au)(-[a-z]+)*(-\d)?/")
"""A region in a path has prices of its own."""
_GEOGRAPHY = re.compile(r"^(us|eu|apac|au|jp)\.")
"""What Bedrock puts before a model that is served within one part of the world; the list says `regional.`."""
_REGIONAL = "regional."
"""So is listed, too, what Bedrock serves within one region, whose name has nothing before it."""
_ARN = re.compile(r"^arn:[a-z-]+:bedrock:[a-z0-9-]*:\d*:(foundation-model|inference-profile)/")
"""How Bedrock's logs may name a model."""


class PriceError(ConfigurationError):
    """A `prices.yaml` that cannot be used."""


_Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Tier(Entry):
    above: Annotated[int, Field(ge=0)]
    input: _Rate
    output: _Rate
    cached_input: _Rate | None = None
    cache_write: _Rate | None = None


class _Match(Entry):
    provider: str = "*"
    model: str


class OwnPrice(Entry):
    """One entry of `prices.yaml`."""

    match: _Match
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    input: _Rate
    output: _Rate
    cached_input: _Rate | None = None
    cache_write: _Rate | None = None
    tiers: tuple[_Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens, for requests with more than `above` input tokens."""

    above: int
    input: float
    cached_input: float
    cache_write: float
    output: float


@dataclass(frozen=True)
class PriceBook:
    """Prices, the home's own before the list's."""

    own: tuple[OwnPrice, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "PriceBook":
        """Read `prices.yaml`, which need not exist. Raises `PriceError` when it cannot be used."""
        return cls(read_entries(path, OwnPrice, PriceError))

    def rates(self, provider: str | None, model: str, at: datetime) -> tuple[Rates, ...]:
        """Rates in force at a moment, by rising threshold; empty when the model has no price."""
        fits = [
            price for price in self.own if _fits(price, provider, model) and (price.since is None or price.since <= at)
        ]
        if fits:
            dated = [price for price in fits if price.match == fits[0].match]
            return _own_rates(max(dated, key=lambda price: price.since or datetime.min.replace(tzinfo=UTC)))
        return _listed(provider, model, at)

    def changes(
        self, provider: str | None, model: str, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, tuple[Rates, ...], tuple[Rates, ...]]]:
        """When the rates of a model changed within a span, to the half hour, with those before and after.

        Two changes within a day are told as one.
        """
        moment, rates = start, self.rates(provider, model, start)
        while moment < end:
            following = min(moment + _DAY, end)
            then = self.rates(provider, model, following)
            if then != rates:
                yield self._changed(provider, model, moment, following), rates, then
            moment, rates = following, then

    def _changed(self, provider: str | None, model: str, start: datetime, end: datetime) -> datetime:
        """The first half hour of a span with the rates of its end."""
        goal = self.rates(provider, model, end)
        low, high = start, end
        while high - low > _HALF_HOUR:
            middle = low + (high - low) / 2
            low, high = (low, middle) if self.rates(provider, model, middle) == goal else (middle, high)
        return _EPOCH + (high - _EPOCH) // _HALF_HOUR * _HALF_HOUR

    def priced(self, calls: pl.DataFrame) -> pl.DataFrame:
        """`llm_call` events with `cost_usd` and `cache_savings_usd` where they can be told, `cost_source` always."""
        reported = pl.col("cost_usd").is_not_null()
        is_hit, cached = pl.col("cache_hit").fill_null(False), pl.col("cached_input_tokens").fill_null(0)
        asked = ~reported | is_hit | (cached > 0)
        rates = self._table(calls.filter(asked & pl.col("model").is_not_null()))
        known = calls.with_columns(self._since).join(
            rates, on=["provider", "model", "since"], how="left", nulls_equal=True, maintain_order="left"
        )
        deepest = known["tiers"].list.len().max()
        most_tiers = deepest if isinstance(deepest, int) else 1
        full, discount = _cost(most_tiers), _discount(most_tiers)
        cost = pl.when(is_hit).then(0.0).otherwise(full)
        measured = pl.col("input_tokens").is_not_null() | pl.col("output_tokens").is_not_null()
        priced = pl.when(reported).then(pl.col("cost_usd")).when(measured | pl.col("cache_hit")).then(cost)
        saved = pl.when(is_hit & measured).then(full + discount).when(~is_hit & (cached > 0)).then(discount)
        source = (
            pl.when(reported)
            .then(pl.coalesce("cost_source", pl.lit("reported")))
            .when(priced.is_not_null())
            .then(pl.lit("priced"))
        )
        return known.with_columns(
            priced.alias("cost_usd"),
            pl.coalesce("cache_savings_usd", saved.clip(lower_bound=0)).alias("cache_savings_usd"),
            source.otherwise(pl.lit("unpriced")).alias("cost_source"),
        ).select(calls.columns)

    @cached_property
    def _since(self) -> pl.Expr:
        """The beginning of the span in which a call lies, and in which it has one price."""
        own = [price.since for price in self.own if price.since]
        fitting = (name for name, width in _WIDTHS if all((since - _EPOCH) % width == timedelta() for since in own))
        return pl.col("ts").dt.truncate(next(fitting, "1us")).alias("since")

    def _table(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Rates of every provider, model and half hour: `tiers`, a list of thresholds and rates."""
        keys = calls.select("provider", "model", self._since).unique()
        tiers = pl.List(pl.Struct({"above": pl.Int64, **dict.fromkeys(_RATES, pl.Float64)}))
        found = [self._tiers(*row) for row in keys.iter_rows()]
        return keys.with_columns(pl.Series("tiers", found, dtype=tiers))

    def _tiers(self, provider: str | None, model: str, at: datetime) -> list[dict[str, float]] | None:
        rates = self.rates(provider, model, at)
        return [{"above": rate.above, **{name: getattr(rate, name) for name in _RATES}} for rate in rates] or None


_WIDTHS = (("30m", timedelta(minutes=30)), ("1m", timedelta(minutes=1)), ("1s", timedelta(seconds=1)))
"""Spans within which no price changes: those of the price list change on the half hour."""


def _cost(most_tiers: int) -> pl.Expr:
    """USD of a call from its tokens and its `tiers`; the whole request has the price of the highest tier reached."""
    given = pl.col("input_tokens").fill_null(0)
    cached, written = pl.col("cached_input_tokens").fill_null(0), pl.col("cache_write_tokens").fill_null(0)
    fresh = (given - cached - written).clip(lower_bound=0)
    rate = partial(_rate, most_tiers=most_tiers)
    total = (
        fresh * rate("input") + cached * rate("cached_input") + written * rate("cache_write")
        + pl.col("output_tokens").fill_null(0) * rate("output")
    )  # fmt: skip
    return total / MILLION


def _discount(most_tiers: int) -> pl.Expr:
    """USD by which the tokens that a call read from the provider's cache were cheaper than fresh ones."""
    difference = _rate("input", most_tiers) - _rate("cached_input", most_tiers)
    return pl.col("cached_input_tokens").fill_null(0) * difference / MILLION


def _rate(name: str, most_tiers: int) -> pl.Expr:
    given = pl.col("input_tokens").fill_null(0)
    tiers = [pl.col("tiers").list.get(index, null_on_oob=True) for index in range(most_tiers)]
    reached = [
        pl.when((given > tier.struct.field("above")) | (tier.struct.field("above") == 0)).then(tier.struct.field(name))
        for tier in reversed(tiers)
    ]
    return pl.coalesce(reached)


def _fits(price: OwnPrice, provider: str | None, model: str) -> bool:
    return fnmatchcase(model, price.match.model) and fnmatchcase(provider or "", price.match.provider)


def _own_rates(price: OwnPrice) -> tuple[Rates, ...]:
    def rates(above: int, entry: OwnPrice | _Tier) -> Rates:
        cached = entry.input if entry.cached_input is None else entry.cached_input
        written = entry.input if entry.cache_write is None else entry.cache_write
        return Rates(above, entry.input, cached, written, entry.output)

    return (rates(0, price), *(rates(tier.above, tier) for tier in sorted(price.tiers, key=lambda tier: tier.above)))


def _listed(provider: str | None, model: str, at: datetime) -> tuple[Rates, ...]:
    """Rates of the price list."""
    found = _listed_as(provider, model)
    return found.rates(at) if found else ()


@dataclass(frozen=True)
class _Listed:
    """A model of the price list. What each of its prices comes to is asked once: that takes a millisecond."""

    provider: Provider
    model: ModelInfo
    known: dict[int, tuple[Rates, ...]] = field(default_factory=dict[int, tuple[Rates, ...]])
    """Of prices, by their identity: the list has them as long as the model."""

    def rates(self, at: datetime) -> tuple[Rates, ...]:
        price = self.model.get_prices(at)
        if id(price) not in self.known:
            self.known[id(price)] = self._rates(price, at)
        return self.known[id(price)]

    def _rates(self, price: ModelPrice, at: datetime) -> tuple[Rates, ...]:
        try:
            self.model.calc_price(_A_TOKEN_EACH, self.provider, genai_request_timestamp=at)
        except (LookupError, ValueError):
            return ()
        return _rates_of(price)


_A_TOKEN_EACH = Usage(input_tokens=1, output_tokens=1)


@lru_cache(maxsize=4_096)
def _listed_as(provider: str | None, model: str) -> _Listed | None:
    """What a model is in the price list; None where it is not in it."""
    model = _PATH.sub("", _ARN.sub("", model))
    vendor, _, rest = model.rpartition("/")
    provider_id = provider or vendor or None
    name = rest if provider is None or vendor == provider else model
    if provider_id is not None:
        provider_id = _PROVIDERS.get(provider_id.lower(), provider_id.lower())
    try:
        found = _Listed(*get_snapshot().find_provider_model(name, None, provider_id, None))
    except (LookupError, ValueError):
        return None
    return found if _is_same(name, found.model.id, found.model.match) else None


def _is_same(name: str, listed: str, match: object) -> bool:
    """Whether `name` is the listed model: named so exactly, or that name with a vendor before and a version behind."""
    clauses = match.or_ if isinstance(match, ClauseOr) else [match]
    if any(isinstance(clause, ClauseEquals) and clause.equals.lower() == name.lower() for clause in clauses):
        return True
    told = _GEOGRAPHY.sub(_REGIONAL, name)
    listed = listed if told.startswith(_REGIONAL) else listed.removeprefix(_REGIONAL)
    plain, known = (one.lower().replace(".", "-") for one in (told, listed))
    before, found, behind = plain.partition(known)
    vendor_only = _VENDOR.fullmatch(before) is not None and _REGION.search(before) is None
    return bool(found) and vendor_only and _VERSION.fullmatch(behind) is not None


def _rates_of(price: ModelPrice) -> tuple[Rates, ...]:
    values = {name: getattr(price, f"{field}_mtok", None) for name, field in _FIELDS.items()}
    if values["input"] is None and values["output"] is None:
        return ()
    thresholds = {0} | {
        tier.start for value in values.values() if isinstance(value, TieredPrices) for tier in value.tiers
    }

    def at(name: str, above: int) -> float | None:
        value = values[name]
        if isinstance(value, TieredPrices):
            reached = [tier.price for tier in value.tiers if tier.start <= above]
            return float(reached[-1] if above and reached else value.base)
        return None if value is None else float(value)

    def rates(above: int) -> Rates:
        given = at("input", above) or 0.0
        cached, written = at("cached_input", above), at("cache_write", above)
        return Rates(
            above,
            given,
            given if cached is None else cached,
            given if written is None else written,
            at("output", above) or 0.0,
        )

    return tuple(rates(above) for above in sorted(thresholds))


_FIELDS: Mapping[str, str] = {
    "input": "input",
    "cached_input": "cache_read",
    "cache_write": "cache_write",
    "output": "output",
}
