"""What calls cost, in files that call it something else than a cost in dollars: cents, another currency, `spend`.

A cost is found by its name (`cost`, `total_cost`, `cost_usd`). Where a file has none of these, and one column whose
every word speaks of what a call cost, it is that one; what it is in, its name says.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from metrics.events.cost_units import COST, CURRENCIES, UNITS, unit_by_words
from metrics.events.proposing.naming import words_of
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT
from metrics.events.survey.feeding import fed
from metrics.events.survey.looking import Decided, Look, Verdict
from metrics.events.values.outcome import CALL

_COSTS = frozenset(("cost", "costs", "spend", "spent"))
_BESIDE = frozenset(("total", "usd", "dollar", "dollars", "in", "of", "call", "request", "llm", "api", "model"))
_KNOWN = _COSTS | _BESIDE | CURRENCIES | frozenset(word for unit in UNITS for word in unit.words)


def look_for_unnamed_costs(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where calls have no cost by any name we know, and one column that can be nothing else."""
    if part.kind.name != CALL or COST in part.columns or fed(rows, part)[COST]:
        return
    found = costs_named(rows.columns)
    if len(found) == 1:
        yield Decided(COST, _read(found[0]))


def _read(name: str) -> Verdict:
    """How a cost is read; not at all in another currency: at which rate, a file does not say."""
    words = words_of(name)
    if foreign := sorted(words & CURRENCIES):
        return Verdict(
            note=f"`{name}` is not read: it is in {foreign[0]}, as its name says, and costs are stored in US dollars: "
            f"calls are priced by their tokens. To read it, give the rate: --set {COST}.from={name} "
            f"--set {COST}.factor=1.08"
        )
    unit = unit_by_words(words)
    rule: dict[str, Any] = {"from": [name], **({"factor": unit.in_dollars} if unit else {})}
    said = f": {unit.says}, as its name says" if unit else ""
    return Verdict({COST: rule}, f"{COST} is read from `{name}`{said}")


def costs_named(names: Sequence[str]) -> list[str]:
    """Columns every word of whose names speaks of what a call cost."""
    theirs = [name.removeprefix(FLAT) for name in names]
    return [name for name in theirs if (words := words_of(name)) & _COSTS and words <= _KNOWN]
