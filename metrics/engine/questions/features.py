"""Which features people take up, use again, and come back with.

All is counted in days of the viewer's time zone. Who comes back is compared at a landmark: each user's first day in the
window begins their clock, the seven days from it say who has used a feature, and days 7 to 14 after it who is there
again. So both groups are followed over the same days, and nobody is among a feature's users *because* of having come
back (immortal time bias). Source: J. R. Anderson, K. C. Cain, R. D. Gelber, Analysis of survival by tumor response,
Journal of Clinical Oncology 1 (1983), 710–719.
"""

import polars as pl

from metrics.catalog.usage import BY_PEOPLE
from metrics.engine.buckets import DAY, Buckets
from metrics.engine.context import Context
from metrics.engine.measures.days import is_over
from metrics.engine.measures.step import KEY
from metrics.engine.measures.users import seen
from metrics.engine.proportions import newcombe
from metrics.engine.query import Filter, Grain, Question, Window
from metrics.engine.scope import Scope
from metrics.lake.shapes import USER
from metrics.zones import Zone

FEATURE = "feature"
AGAIN = 7
"""Days after the first use within which a feature is used again."""
TRIED = 7
"""Days from the first one in the window, that one counted, in which the users of a feature are told from the others."""
BACK = (7, 14)
"""First and last day after a user's first one on which somebody who is there has come back."""
FEATURES = pl.Schema(
    {
        "feature": pl.String(), "users": pl.Int64(), "active": pl.Int64(), "adoption": pl.Float64(),
        "repeat_of": pl.Int64(), "repeat": pl.Float64(), "with_of": pl.Int64(), "retention_with": pl.Float64(),
        "without_of": pl.Int64(), "retention_without": pl.Float64(), "difference": pl.Float64(),
        "difference_low": pl.Float64(), "difference_high": pl.Float64(),
    }
)  # fmt: skip


class FeatureUse(Question[pl.DataFrame]):
    """What becomes of those who use a feature: one row a feature (`FEATURES`), the most used first.

    `adoption` is the percentage of the `active` users with an event that names the feature. `repeat` is that of its
    users who use it on another of the seven days after their first one, of the `repeat_of` whose seven days are over.
    `retention_with` and `retention_without` are those of the users who are there again 7 to 14 days after their first
    day in the window, of those who used the feature in its first seven days and of those who did not; of users whose
    fourteen days are over. `difference` is in percentage points, its interval of 95 % Newcombe's. Each is null when
    it is of nobody.
    """

    window: Window
    filters: tuple[Filter, ...] = ()
    """Those by feature choose features; they leave nobody out of those a feature is compared with."""
    tz: Zone = "UTC"
    kinds: tuple[str, ...] = BY_PEOPLE


def answer(context: Context, question: FeatureUse) -> pl.DataFrame:
    """Every feature with a user in the window."""
    scope = context.scope_of(question.window, question.filters, by=(FEATURE,), grain=Grain.DAY, tz=question.tz)
    everybody = scope.without((FEATURE,))
    last = _last_full_day(scope.buckets)
    people = _people(context, question, everybody, BACK).rename({"again": "back", "first": "came"})
    uses = _people(context, question, scope, (1, AGAIN)).rename({"d0": FEATURE}).drop_nulls(FEATURE)
    used = uses.join(people, on=USER)
    may_repeat = pl.col("first") + AGAIN <= last
    tried = (pl.col("came") + BACK[1] <= last) & (pl.col("first") < pl.col("came") + TRIED)
    followed = people.filter(pl.col("came") + BACK[1] <= last)
    counted = used.group_by(FEATURE).agg(
        users=pl.len(),
        repeat_of=may_repeat.sum(), repeated=(may_repeat & pl.col("again")).sum(),
        with_of=tried.sum(), with_back=(tried & pl.col("back")).sum(),
    )  # fmt: skip
    rows = [
        _row(row, people.height, followed.height, int(followed["back"].sum())) for row in counted.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=FEATURES).sort("users", FEATURE, descending=[True, False])


def _people(context: Context, question: FeatureUse, scope: Scope, later: tuple[int, int]) -> pl.DataFrame:
    """Each user (of each group) with the number of their `first` day, and whether they are there `again` later."""
    users = seen(scope.kinds_for("feature_use", question.kinds), scope)
    groups = "".join(f", {group}" for group in scope.groups)
    text = (
        f"SELECT {USER}{groups}, first, list_has_any(days, range(first + {later[0]:d}, first + {later[1] + 1:d})) "
        f"AS again FROM (SELECT {USER}{groups}, min({KEY} // {DAY}) AS first, list_distinct(list({KEY} // {DAY})) "
        f"AS days FROM ({users.sql}) AS seen GROUP BY ALL) AS people"
    )
    return context.rows(users.statement(text, scope))


def _last_full_day(days: Buckets) -> int:
    """The number of the last day of the window that is over by its end."""
    key = days.all[-1].key
    return key // DAY - (0 if is_over(key, 0, days, days.window.end) else 1)


def _row(counts: dict[str, int], active: int, followed: int, back: int) -> dict[str, object]:
    of, came = counts["with_of"], counts["with_back"]
    others, others_came = followed - of, back - came
    low, high = newcombe(came, of, others_came, others) if of and others else (None, None)
    return {
        FEATURE: counts[FEATURE], "users": counts["users"], "active": active,
        "adoption": _percent(counts["users"], active),
        "repeat_of": counts["repeat_of"], "repeat": _percent(counts["repeated"], counts["repeat_of"]),
        "with_of": of, "retention_with": _percent(came, of),
        "without_of": others, "retention_without": _percent(others_came, others),
        "difference": None if low is None else 100 * (came / of - others_came / others),
        "difference_low": None if low is None else 100 * low,
        "difference_high": None if high is None else 100 * high,
    }  # fmt: skip


def _percent(cases: int, of: int) -> float | None:
    return 100 * cases / of if of else None
