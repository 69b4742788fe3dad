"""What was saved since: how far a waste fell from one month to the next, of as many calls as there are now.

That there are fewer calls saves nothing here: what was wasted before is taken for as many calls as now, but never for
more than there were. So it is less rather than more.
"""

from collections.abc import Callable, Mapping, Sequence

from metrics.insights.savings.model import LEAST_USD, Kind, Row, Saved, Saving

LEAST_FALL = 0.1
"""Of what was wasted before: less comes and goes by chance."""
LEAST_KNOWN = 0.9
"""Of the share of calls of which it was known what they ask: with fewer, fewer are seen to be repeated."""


def measured(
    before: Sequence[Saving], now: Sequence[Saving], rows: Sequence[Row], earlier: Sequence[Row]
) -> tuple[tuple[Saved, ...], float]:
    """What fell since it was wasted `before`, by a dollar a month and a tenth at least: by calls of now and of then.

    And how many USD a month that is in all, less what rose meanwhile and what is wasted `now` that was not before:
    what is wasted in another way is not saved.
    """
    found = [one for saving in before if (one := _saved(saving, rows, earlier))]
    known = {_place(one) for one in before}
    new = sum(one.monthly for one in now if _place(one) not in known)
    less = max(sum(one.monthly for one in found) - new, 0.0)
    clear = (one for one in found if one.monthly >= max(LEAST_USD, LEAST_FALL * one.before))
    fell = sorted(clear, key=lambda one: -one.monthly)
    return tuple(fell), less if fell else 0.0


def _place(saving: Saving) -> tuple[str | None, ...]:
    return saving.kind, saving.provider, saving.model, saving.feature


def _saved(saving: Saving, rows: Sequence[Row], earlier: Sequence[Row]) -> Saved | None:
    now = STILL[saving.kind](saving, rows, earlier)
    calls, calls_then = (_sum(_among(saving, some), "calls") for some in (rows, earlier))
    if now is None or not calls_then:
        return None
    less = saving.monthly * min(calls / calls_then, 1.0) - now
    return Saved(saving.kind, less, saving.provider, saving.model, saving.feature, saving.monthly, now)


def _among(saving: Saving, rows: Sequence[Row]) -> list[Row]:
    """The calls that say how much there was to waste: whoever could have made the same."""
    match saving.kind:
        case "failed calls":
            return _of(rows, provider=saving.provider, model=saving.model)
        case "idle features":
            return list(rows)
        case _:
            return _of(rows, feature=saving.feature)


def _failed(saving: Saving, rows: Sequence[Row], earlier: Sequence[Row]) -> float:
    return _sum(_of(rows, provider=saving.provider, model=saving.model), "failed_cost")


def _repeated(saving: Saving, rows: Sequence[Row], earlier: Sequence[Row]) -> float | None:
    alike = _alike(saving, rows)
    known = [
        _sum(some, "fingerprinted_calls") / max(_sum(some, "calls"), 1) for some in (alike, _alike(saving, earlier))
    ]
    return None if alike and known[0] < LEAST_KNOWN * known[1] else _sum(alike, "repeated_cost")


def _idle(saving: Saving, rows: Sequence[Row], earlier: Sequence[Row]) -> float:
    return _sum(_of(rows, feature=saving.feature), "kept_cost")


def _too_long(saving: Saving, rows: Sequence[Row], earlier: Sequence[Row]) -> float:
    """Beyond the limit of then, and at the price of then."""
    a_token = saving.monthly / _sum(_alike(saving, earlier), "excess_tokens")
    return a_token * _sum(_alike(saving, rows), "earlier_excess_tokens")


def _dearer(saving: Saving, rows: Sequence[Row], earlier: Sequence[Row]) -> float:
    """By the part of its cost that the dearer model could have been without."""
    part = saving.monthly / _sum(_alike(saving, earlier), "kept_cost")
    return part * _sum(_alike(saving, rows), "kept_cost")


STILL: Mapping[Kind, Callable[[Saving, Sequence[Row], Sequence[Row]], float | None]] = {
    "failed calls": _failed, "repeated prompts": _repeated, "idle features": _idle, "output limits": _too_long,
    "cheaper model": _dearer,
}  # fmt: skip
"""USD of the same waste now, by kind; None where that cannot be told."""


def _alike(saving: Saving, rows: Sequence[Row]) -> list[Row]:
    return _of(rows, provider=saving.provider, model=saving.model, feature=saving.feature)


def _of(rows: Sequence[Row], **values: str | None) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def _sum(rows: Sequence[Row], name: str) -> float:
    return sum((row[name] or 0.0 for row in rows), 0.0)
