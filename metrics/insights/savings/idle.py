"""Features that cost money, though nobody uses them, or nobody comes back to them."""

from collections.abc import Collection

from metrics.engine import DataFreshness, DimensionMismatch, FeatureUse, Window
from metrics.engine.engine import Answering
from metrics.engine.proportions import wilson
from metrics.engine.query import Filter

SEEN = "interaction"
"""The kind of event that says that somebody is there."""
FEWEST_USERS = 30
"""Of a feature, before it is said that they do not come back."""
FEW_USERS = 3
"""Up to which the calls of a feature may be those of programs alone."""
COMES_BACK = 5.0
"""Percent of users that use it again within a week, below which nobody comes back; the upper end of the interval."""


def idle(
    engine: Answering, features: Collection[str], window: Window, filters: tuple[Filter, ...]
) -> tuple[dict[str, str], str]:
    """Of features with calls that are idle why they are, by name; and why that cannot be told in full, else nothing.

    Raises:
        EngineError: as of `Engine.answer`.
    """
    try:
        used = engine.answer(FeatureUse(window=window, filters=filters))
        seen = engine.answer(FeatureUse(window=window, filters=filters, kinds=(SEEN,)))
    except DimensionMismatch as mismatch:
        return {}, f"idle features cannot be told by {mismatch.dimension}: not all events say it"
    found: dict[str, str] = {}
    for row in used.iter_rows(named=True):
        again, of = row["repeat"] or 0.0, row["repeat_of"]
        if row["feature"] not in features or of < FEWEST_USERS:
            continue
        if 100 * wilson(round(again * of / 100), of)[1] < COMES_BACK:
            found[row["feature"]] = (
                f"{again:.1f} % of {of:,} users used it again within a week: at most so much, as once may be enough"
            )
    named, known = set(seen["feature"]), engine.answer(DataFreshness()).kinds.get(SEEN)
    # Where interactions name none of them, they may call them otherwise.
    if not named & set(features) or known is None or known.first is None or known.first > window.start:
        needed = f"{window.length.days} days of `{SEEN}` events that name features"
        return found, f"features that nobody uses cannot be told: needs {needed}"
    users = dict(used.select("feature", "users").iter_rows())
    for feature in set(features) - named:
        # What people use elsewhere, as in a program of their own, is not idle.
        if users.get(feature, 0) <= FEW_USERS:
            found[feature] = (
                f"no interaction named it while calls of {users.get(feature, 'no')} users went on: at most so much, as "
                "programs may need it"
            )
    return found, ""
