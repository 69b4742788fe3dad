"""Whether the input of a call counts the tokens of the provider's cache, and its output those of its reasoning.

Ours count them. OpenAI's, Google's and OpenTelemetry's input counts the cache; Anthropic's, and what is copied from its
answers, does not: then the cached tokens are added. OpenAI's and Anthropic's output counts the reasoning; Gemini's
candidates do not, nor does xAI. Which it is, the names say with the vendor, and over a whole file the numbers:
more of a detail than of the whole prove that it is counted apart, a total beside them proves either way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import polars as pl

from metrics.events.mapping.sources import ANY_VENDOR, Counted, Source
from metrics.events.mapping.spellings import ANTHROPIC_CACHED, ANTHROPIC_INPUT, APART, LEAVES, TOTALS, XAI_OUTPUT
from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT, by_name, flattened
from metrics.events.rows.paths import resolved
from metrics.events.rows.planning import Planned, joined, planned
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.converting import converted

INPUT, CACHED, WRITTEN = "input_tokens", "cached_input_tokens", "cache_write_tokens"
OUTPUT, REASONING = "output_tokens", "reasoning_tokens"


@dataclass(frozen=True)
class Whole:
    """A count of tokens that others are details of."""

    column: str
    details: tuple[str, ...]
    """Our columns with these."""
    key: str
    """The key of its rule that says whether it counts them (`metrics.events.mapping.sources.Source`)."""
    asks: str
    noun: str


WHOLES = (
    Whole(INPUT, (CACHED, WRITTEN), "cached", "do the input tokens count those of the cache?", "cached tokens"),
    Whole(OUTPUT, (REASONING,), "reasoning", "do the output tokens count those of the reasoning?", "reasoning tokens"),
)
_TOTALS = frozenset(TOTALS)
UNKNOWN = "unknown"
"""The vendor of a call that names neither a provider nor a model that is known."""
_COPIED = ("anthropic", UNKNOWN)
"""Vendors whose input, copied from the answer, is without cached tokens: theirs is not known to have them."""
_VENDORS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("anthropic", "claude"),
    "openai": ("openai", "azure", "gpt-", "chatgpt", "codex", "text-embedding"),
    "google": ("google", "gemini", "vertex", "gcp"),
    "deepseek": ("deepseek",),
    "mistral": ("mistral",), "xai": ("xai", "x-ai", "x_ai", "grok"), "groq": ("groq",), "cohere": ("cohere",),
    "qwen": ("qwen", "dashscope"),
}  # fmt: skip
"""Vendors and how the names of their models and services begin, or what they hold."""
_FEW = 0.05
"""Share of the calls with cached tokens below which what cannot be is rather a fault than a convention."""


def wholes(part: Part, plan: Planned) -> dict[str, pl.Expr]:
    """The input and the output of a call with all that belongs to them, by column, from a plan of its columns."""
    return {one.column: _whole(one, part, plan) for one in WHOLES}


def _whole(one: Whole, part: Part, plan: Planned) -> pl.Expr:
    given = plan.expressions[one.column]
    apart = _apart(one, part, plan)
    if apart is None:
        return given
    more = pl.sum_horizontal(plan.expressions[name].fill_null(0).clip(lower_bound=0) for name in one.details)
    return pl.when(apart & (given >= 0)).then(given + more).otherwise(given)


def _apart(one: Whole, part: Part, plan: Planned) -> pl.Expr | None:
    """Whether details are counted apart, row by row; None where they nowhere are."""
    rule = part.columns.get(one.column, Source())
    counted = _counted_by(one, rule)
    if not any(plan.names[name] for name in one.details) or (rule.plus and not counted):
        return None
    said = {vendor: how == "excluded" for vendor, how in counted.items()}
    default = pl.lit(said[ANY_VENDOR]) if ANY_VENDOR in said else _by_names(one, plan)
    own = {vendor: how for vendor, how in said.items() if vendor != ANY_VENDOR}
    if not own:
        return default
    vendor = _vendor(plan)
    return pl.coalesce(
        *(pl.when(vendor == name).then(pl.lit(how)) for name, how in own.items()),
        pl.lit(False) if default is None else default,
    )


def _counted_by(one: Whole, rule: Source) -> Mapping[str, Counted]:
    """What a rule says, by vendor."""
    return rule.cached if one.column == INPUT else rule.reasoning


def _by_names(one: Whole, plan: Planned) -> pl.Expr | None:
    """What the names of the columns say, with the vendor."""
    details = frozenset(_last(name) for column in one.details for name in plan.names[column])
    rows = [(name, _says_apart(one, _last(name), details, plan)) for name in plan.names[one.column]]
    if all(says is None for _, says in rows):
        return None
    said = (pl.when(pl.col(name).is_not_null()).then(pl.lit(False) if says is None else says) for name, says in rows)
    return pl.coalesce(*said, pl.lit(False))


def _says_apart(one: Whole, name: str, details: frozenset[str], plan: Planned) -> pl.Expr | None:
    """Whether a name says that it leaves out what stands beside it; None where it does not say so of any vendor."""
    if name in APART[one.column]:
        return pl.lit(True)
    if one.column == INPUT and name in ANTHROPIC_INPUT and not details.isdisjoint(ANTHROPIC_CACHED):
        return _vendor(plan).is_in(_COPIED)
    if one.column == OUTPUT and name in XAI_OUTPUT:
        return _vendor(plan) == "xai"
    return None


def _last(name: str) -> str:
    """The last part of a column's name or path; none where OpenTelemetry's rules hold."""
    plain = name.removeprefix(FLAT).lower()
    return "" if "gen_ai" in plain else LEAVES.get(plain, plain).rpartition(".")[2]


def _vendor(plan: Planned) -> pl.Expr:
    """Who made the model, by the names of provider and model."""
    provider, model = (plan.expressions[name].str.to_lowercase() for name in ("provider", "model"))
    told = [
        pl.when(pl.any_horizontal(text.str.contains(part, literal=True) for part in parts)).then(pl.lit(vendor))
        for text, kept in ((model, ("anthropic",)), (provider, tuple(_VENDORS)), (model, tuple(_VENDORS)))
        for vendor, parts in _VENDORS.items()
        if vendor in kept
    ]
    numbered = pl.when(model.str.contains(r"^(.*/)?o[1-9](-|$)")).then(pl.lit("openai"))
    return pl.coalesce(*told, numbered, provider.str.replace_all(r"[,:*]", "_"), pl.lit(UNKNOWN))


@dataclass
class _Evidence:
    """What the calls of one vendor say, as numbers of those with cached tokens."""

    calls: int = 0
    impossible: int = 0
    """More cached tokens than input."""
    total_within: int = 0
    """The total is the input and the output."""
    total_apart: int = 0
    """The total is these and the cached tokens."""
    naive: int = 0
    """The total is the input and the output although there are more cached tokens than that."""
    by_names: int = 0
    """The names say that they are counted apart."""


class TokenDetails:
    """A look at whether a count of tokens has its details in it."""

    def __init__(self, kind: str, part: Part, whole: Whole) -> None:
        self._kind, self._part, self._whole = kind, part, whole
        self._seen: dict[str, _Evidence] = {}
        self._about = ""

    @property
    def column(self) -> str:
        """Our column."""
        return self._whole.column

    def see(self, rows: pl.DataFrame) -> None:
        """Count what the numbers say, by vendor."""
        for vendor, *counts in _counted(rows, self._part, self._whole).iter_rows():
            seen = self._seen.setdefault(vendor, _Evidence())
            for name, count in zip(_Evidence.__annotations__, counts, strict=True):
                setattr(seen, name, getattr(seen, name) + count)
        self._about = self._about or _about(rows, self._part, self._whole)

    def verdict(self) -> Verdict:
        """Whether the details are to be added, vendor by vendor."""
        judged = {
            vendor: _judged(self._whole, vendor, seen) for vendor, seen in sorted(self._seen.items()) if seen.calls
        }
        open_ones = {vendor: (how, why) for vendor, (how, why) in judged.items() if why.startswith(_CONTRADICTS)}
        rules = {vendor: how for vendor, (how, _) in judged.items() if how and how != _default(self._seen[vendor])}
        if open_ones:
            return Verdict(self._rule(rules), question=self._question(open_ones, rules))
        said = "; ".join(f"{vendor}: {self._says(how)} ({why})" for vendor, (how, why) in judged.items())
        return Verdict(self._rule(rules), f"{self.column} and {self._whole.noun} of {said}" if said else "")

    def _says(self, how: str | None) -> str:
        counted = self.column.removesuffix("_tokens")
        return {"included": f"the {counted} counts them", "excluded": "counted apart, and added"}.get(
            how or "", "some of each"
        )

    def _rule(self, rules: Mapping[str, str]) -> dict[str, dict[str, str]]:
        if not rules:
            return {}
        alone = len([1 for seen in self._seen.values() if seen.calls]) == 1
        said = ", ".join(rules.values() if alone else (f"{vendor}: {how}" for vendor, how in rules.items()))
        return {self.column: {self._whole.key: said}}

    def _question(self, open_ones: Mapping[str, tuple[str | None, str]], rules: Mapping[str, str]) -> Question:
        told = "; ".join(f"{vendor}: {why}" for vendor, (_, why) in open_ones.items())
        ways: list[Counted] = sorted(get_args(Counted), key=lambda way: way != next(iter(open_ones.values()))[0])
        options = (Option(self._says(way), self._rule({**rules, **dict.fromkeys(open_ones, way)})) for way in ways)
        return Question(self._kind, self._about, f"{self._whole.asks} {told}", tuple(options))


_CONTRADICTS = "the numbers contradict each other: "


def _default(seen: _Evidence) -> Counted | None:
    """What the names say of all calls of a vendor; None where they differ."""
    return {0: "included", seen.calls: "excluded"}.get(seen.by_names)  # pyright: ignore[reportReturnType]


def _judged(whole: Whole, vendor: str, seen: _Evidence) -> tuple[Counted | None, str]:
    """Which it is, and why."""
    within = 0 if seen.naive else seen.total_within
    noun, counted = whole.noun, whole.column.removesuffix("_tokens")
    more = f"{seen.impossible:,} of {seen.calls:,} calls with {noun} have more of them than {counted}"
    if within and (seen.impossible or seen.total_apart):
        totals = f"in {within:,} the total is input and output"
        return "excluded", f"{_CONTRADICTS}{more}, and {totals}"
    is_custom = vendor not in _COPIED and _default(seen) == "included"
    if is_custom and 0 < seen.impossible < _FEW * seen.calls:
        return "included", f"{_CONTRADICTS}only {more}"
    if seen.impossible:
        return "excluded", more
    if seen.total_apart:
        return "excluded", f"the totals count them beside the {counted}"
    if within:
        return "included", "the totals are input and output"
    return _default(seen), "as the names say"


def _counted(rows: pl.DataFrame, part: Part, whole: Whole) -> pl.DataFrame:
    """By vendor, what `_Evidence` counts."""
    there = joined(rows, part)
    plan = planned(there, part, 0)
    there = resolved(flattened(there, _TOTALS), _TOTALS)
    named = by_name(there.columns)
    totals = [found for name in TOTALS if (found := named.get(name)) is not None]
    column = part.kind.by_name[whole.column]
    read = [converted(column, name, there.schema[name], part.kind.name, Source()) for name in totals]
    by_names = _by_names(whole, plan)
    beside = next(one for one in WHOLES if one is not whole)
    frame = there.select(
        _vendor(plan).alias("vendor"),
        plan.expressions[whole.column].alias("given"),
        _sum_of(plan, whole.details).alias("more"),
        _sum_of(plan, (beside.column,)).alias("other"),
        _sum_of(plan, beside.details).alias("other_more"),
        (pl.coalesce(read) if read else pl.lit(None, pl.Int64)).alias("total"),
        (pl.lit(False) if by_names is None else by_names).alias("apart"),
    ).filter((pl.col("more") > 0) & (pl.col("given") >= 0))
    given, more, other, other_more, total = (pl.col(name) for name in ("given", "more", "other", "other_more", "total"))

    def adds_up(own: pl.Expr) -> pl.Expr:
        """Whether a total is made of this and the other side, of which it is not known either what it counts."""
        return ((total == own + other) | (total == own + other + other_more)).fill_null(False)

    # Where as many tokens are details of the one side as of the other, a total tells nothing.
    tells = more != other_more
    within = adds_up(given) & tells
    return frame.group_by("vendor").agg(
        pl.len().alias("calls"),
        (more > given).sum().alias("impossible"),
        within.sum().alias("total_within"),
        (adds_up(given + more) & tells).sum().alias("total_apart"),
        (within & (more > given)).sum().alias("naive"),
        pl.col("apart").sum().alias("by_names"),
    )


def _sum_of(plan: Planned, columns: Sequence[str]) -> pl.Expr:
    return pl.sum_horizontal(plan.expressions[name].fill_null(0) for name in columns)


def _about(rows: pl.DataFrame, part: Part, whole: Whole) -> str:
    names = planned(joined(rows, part), part, 0).names[whole.column]
    return names[0].removeprefix(FLAT) if names else ""


def look_for_token_details(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look at cached tokens and at those of the reasoning, where there are any and nothing says what counts them.

    In our own form the definition says it; the whole file is looked at only where the first rows are against it.
    """
    if part.kind.name != "llm_call":
        return
    there = joined(rows, part)
    plan = planned(there, part, 0)
    for one in WHOLES:
        rule = part.columns.get(one.column, Source())
        if rule.plus or _counted_by(one, rule) or not plan.names[one.column]:
            continue
        if not any(plan.names[name] for name in one.details):
            continue
        if _is_ours(one, plan.names):
            more = _sum_of(plan, one.details)
            if not there.select((more > plan.expressions[one.column]).any()).item():
                continue
        yield TokenDetails(part.kind.name, part, one)


def _is_ours(one: Whole, names: Mapping[str, Sequence[str]]) -> bool:
    return names[one.column] == (one.column,) and all(names[name] in ((), (name,)) for name in one.details)
