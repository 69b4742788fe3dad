"""Whether the input of a call counts the tokens that came from the provider's cache or went into it.

Ours does. OpenAI's, Google's and OpenTelemetry's do; Anthropic's, and what is copied from its answers, does not: then
the cached tokens are added. Which it is, the names say together with the vendor, and over a whole file the numbers:
more cached tokens than input prove that they are counted apart, a total beside them proves either way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from metrics.events.mapping.sources import ANY_VENDOR, CachedIs, Source
from metrics.events.mapping.spellings import ANTHROPIC_CACHED, ANTHROPIC_INPUT, APART, LEAVES, TOTALS
from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT, by_name
from metrics.events.rows.planning import Planned, joined, planned
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.converting import converted

INPUT, CACHED, WRITTEN = "input_tokens", "cached_input_tokens", "cache_write_tokens"
_OURS = ((INPUT,), {(CACHED,), ()}, {(WRITTEN,), ()})
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


def whole_input(frame: pl.DataFrame, part: Part, plan: Planned) -> pl.Expr:
    """The input of a call with all its cached tokens, from a plan of its columns."""
    given, cached, written = (plan.expressions[name] for name in (INPUT, CACHED, WRITTEN))
    apart = _apart(frame, part, plan)
    if apart is None:
        return given
    more = cached.fill_null(0).clip(lower_bound=0) + written.fill_null(0).clip(lower_bound=0)
    return pl.when(apart & (given >= 0)).then(given + more).otherwise(given)


def _apart(frame: pl.DataFrame, part: Part, plan: Planned) -> pl.Expr | None:
    """Whether cached tokens are counted apart, row by row; None where they nowhere are."""
    rule = part.columns.get(INPUT, Source())
    if not (plan.names[CACHED] or plan.names[WRITTEN]) or (rule.plus and not rule.cached):
        return None
    said = {vendor: how == "excluded" for vendor, how in rule.cached.items()}
    default = pl.lit(said[ANY_VENDOR]) if ANY_VENDOR in said else _by_names(plan)
    own = {vendor: how for vendor, how in said.items() if vendor != ANY_VENDOR}
    if not own:
        return default
    vendor = _vendor(plan)
    return pl.coalesce(
        *(pl.when(vendor == name).then(pl.lit(how)) for name, how in own.items()),
        pl.lit(False) if default is None else default,
    )


def _by_names(plan: Planned) -> pl.Expr | None:
    """What the names of the columns say, with the vendor."""
    copied = any(_last(name) in ANTHROPIC_CACHED for name in (*plan.names[CACHED], *plan.names[WRITTEN]))
    rows: list[pl.Expr] = []
    some = False
    for name in plan.names[INPUT]:
        here = pl.col(name).is_not_null()
        if _last(name) in APART:
            some, is_apart = True, pl.lit(True)
        elif _last(name) in ANTHROPIC_INPUT and copied:
            some, is_apart = True, _vendor(plan).is_in(_COPIED)
        else:
            is_apart = pl.lit(False)
        rows.append(pl.when(here).then(is_apart))
    return pl.coalesce(*rows, pl.lit(False)) if some else None


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


class CachedTokens:
    """A look at whether the input counts the cached tokens."""

    column = INPUT

    def __init__(self, kind: str, part: Part) -> None:
        self._kind, self._part = kind, part
        self._seen: dict[str, _Evidence] = {}
        self._about = ""

    def see(self, rows: pl.DataFrame) -> None:
        """Count what the numbers say, by vendor."""
        for vendor, *counts in _counted(rows, self._part).iter_rows():
            seen = self._seen.setdefault(vendor, _Evidence())
            for name, count in zip(_Evidence.__annotations__, counts, strict=True):
                setattr(seen, name, getattr(seen, name) + count)
        self._about = self._about or _about(rows, self._part)

    def verdict(self) -> Verdict:
        """Whether cached tokens are to be added, vendor by vendor."""
        judged = {vendor: _judged(vendor, seen) for vendor, seen in sorted(self._seen.items()) if seen.calls}
        open_ones = {vendor: (how, why) for vendor, (how, why) in judged.items() if why.startswith(_CONTRADICTS)}
        rules = {vendor: how for vendor, (how, _) in judged.items() if how and how != _default(self._seen[vendor])}
        if open_ones:
            return Verdict(self._rule(rules), question=self._question(open_ones, rules))
        said = "; ".join(
            f"{vendor}: {_SAID.get(how or '', 'some of each')} ({why})" for vendor, (how, why) in judged.items()
        )
        return Verdict(self._rule(rules), f"{INPUT} and cached tokens of {said}" if said else "")

    def _rule(self, rules: Mapping[str, str]) -> dict[str, dict[str, str]]:
        if not rules:
            return {}
        alone = len([1 for seen in self._seen.values() if seen.calls]) == 1
        said = ", ".join(rules.values() if alone else (f"{vendor}: {how}" for vendor, how in rules.items()))
        return {INPUT: {"cached": said}}

    def _question(self, open_ones: Mapping[str, tuple[str | None, str]], rules: Mapping[str, str]) -> Question:
        told = "; ".join(f"{vendor}: {why}" for vendor, (_, why) in open_ones.items())
        ways = sorted(_SAID, key=lambda way: way != next(iter(open_ones.values()))[0])
        options = (Option(_SAID[way], self._rule({**rules, **dict.fromkeys(open_ones, way)})) for way in ways)
        return Question(
            self._kind, self._about, f"do the input tokens count those of the cache? {told}", tuple(options)
        )


_SAID: Mapping[str, str] = {"included": "the input counts them", "excluded": "counted apart, and added"}
_CONTRADICTS = "the numbers contradict each other: "


def _default(seen: _Evidence) -> CachedIs | None:
    """What the names say of all calls of a vendor; None where they differ."""
    return {0: "included", seen.calls: "excluded"}.get(seen.by_names)  # pyright: ignore[reportReturnType]


def _judged(vendor: str, seen: _Evidence) -> tuple[CachedIs | None, str]:
    """Which it is, and why."""
    within = 0 if seen.naive else seen.total_within
    more = f"{seen.impossible:,} of {seen.calls:,} calls with cached tokens have more of them than input"
    if within and (seen.impossible or seen.total_apart):
        totals = f"in {within:,} the total is input and output"
        return "excluded", f"{_CONTRADICTS}{more}, and {totals}"
    is_custom = vendor not in _COPIED and _default(seen) == "included"
    if is_custom and 0 < seen.impossible < _FEW * seen.calls:
        return "included", f"{_CONTRADICTS}only {more}"
    if seen.impossible:
        return "excluded", more
    if seen.total_apart:
        return "excluded", "the totals count them beside the input"
    if within:
        return "included", "the totals are input and output"
    return _default(seen), "as the names say"


def _counted(rows: pl.DataFrame, part: Part) -> pl.DataFrame:
    """By vendor, what `_Evidence` counts."""
    there = joined(rows, part)
    plan = planned(there, part, 0)
    named = by_name(there.columns)
    totals = [found for name in TOTALS if (found := named.get(name)) is not None]
    whole = part.kind.by_name[INPUT]
    read = [converted(whole, name, there.schema[name], part.kind.name, Source()) for name in totals]
    by_names = _by_names(plan)
    frame = there.select(
        _vendor(plan).alias("vendor"),
        plan.expressions[INPUT].alias("given"),
        (plan.expressions[CACHED].fill_null(0) + plan.expressions[WRITTEN].fill_null(0)).alias("more"),
        plan.expressions["output_tokens"].fill_null(0).alias("output"),
        (pl.coalesce(read) if read else pl.lit(None, pl.Int64)).alias("total"),
        (pl.lit(False) if by_names is None else by_names).alias("apart"),
    ).filter((pl.col("more") > 0) & (pl.col("given") >= 0))
    given, more, output, total = (pl.col(name) for name in ("given", "more", "output", "total"))
    within = (total == given + output).fill_null(False)
    return frame.group_by("vendor").agg(
        pl.len().alias("calls"),
        (more > given).sum().alias("impossible"),
        within.sum().alias("total_within"),
        (total == given + more + output).fill_null(False).sum().alias("total_apart"),
        (within & (more > given)).sum().alias("naive"),
        pl.col("apart").sum().alias("by_names"),
    )


def _about(rows: pl.DataFrame, part: Part) -> str:
    names = planned(joined(rows, part), part, 0).names[INPUT]
    return names[0].removeprefix(FLAT) if names else ""


def look_for_cached(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look at the cached tokens, where there are any and nothing says what the input counts.

    In our own form the definition says it; the whole file is looked at only where the first rows are against it.
    """
    rule = part.columns.get(INPUT, Source())
    if part.kind.name != "llm_call" or rule.plus or rule.cached:
        return
    there = joined(rows, part)
    plan = planned(there, part, 0)
    if not plan.names[INPUT] or not (plan.names[CACHED] or plan.names[WRITTEN]):
        return
    if _is_ours(plan.names):
        more = plan.expressions[CACHED].fill_null(0) + plan.expressions[WRITTEN].fill_null(0)
        if not there.select((more > plan.expressions[INPUT]).any()).item():
            return
    yield CachedTokens(part.kind.name, part)


def _is_ours(names: Mapping[str, Sequence[str]]) -> bool:
    given, cached, written = _OURS
    return names[INPUT] == given and names[CACHED] in cached and names[WRITTEN] in written
