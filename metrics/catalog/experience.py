"""How the product feels: web vitals, sessions, features, and what users say."""

from collections.abc import Mapping

from metrics.catalog.model import Additive, DistinctUsers, Metric, Quantile, Sessions, counter_of
from metrics.catalog.usage import BY_PEOPLE
from metrics.events.product import VITAL_LIMITS

_TITLES: Mapping[str, str] = {
    "lcp": "Largest contentful paint", "inp": "Interaction to next paint", "fid": "First input delay",
    "cls": "Cumulative layout shift", "fcp": "First contentful paint", "ttfb": "Time to first byte",
}  # fmt: skip


def _vital(name: str) -> Metric:
    measure = Quantile(f"{name}_p75", "web_vital", "value", 0.75, rollup="", where=f"name = '{name}'")
    good, fair = VITAL_LIMITS[name]
    unit = "score" if name == "cls" else "ms"
    doc = f"75 % of the page loads have at most this; good up to {good:g}, poor above {fair:g}."
    return Metric(
        measure.name,
        f"{_TITLES[name]} P75",
        unit,
        "down",
        doc,
        measure.name,
        (measure,),
        decimals=3 if name == "cls" else 1,
    )


def _limit(which: int) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {limits[which]!r}" for name, limits in VITAL_LIMITS.items())
    return f"CASE name {cases} END"


_MEASURED = counter_of("web_vital")
_GOOD, _FAIR = f"value <= {_limit(0)}", f"value <= {_limit(1)}"


def _rated(name: str, title: str, direction: str, where: str) -> Metric:
    measure = Additive(f"{name}_count", "web_vital", f"count(*) FILTER (WHERE {where})")
    return Metric(
        name, title, "%", direction, f"Share of the web-vital measurements rated {title.lower()}, by their limits.",  # pyright: ignore[reportArgumentType]
        f"1e2 * {measure.name} / nullif({_MEASURED.name}, 0)", (measure, _MEASURED),
    )  # fmt: skip


VIEWED = "coalesce(action = 'page_view', page IS NOT NULL)"
"""An interaction that is the view of a page."""
SESSIONS = Sessions("sessions", "sessions")
_NOTE = (
    "A session is the given `session_id`, else a user's interactions without a gap of 30 minutes; "
    "it counts where it begins."
)


def _of_sessions(
    name: str, title: str, unit: str, doc: str, counted: str, factor: str, direction: str = "up"
) -> Metric:
    measure = Sessions(f"session_{counted}", counted)  # pyright: ignore[reportArgumentType]
    return Metric(
        name, title, unit, direction, f"{doc} {_NOTE}", f"{factor} * {measure.name} / nullif(sessions, 0)",  # pyright: ignore[reportArgumentType]
        (measure, SESSIONS),
    )  # fmt: skip


_USES = tuple(Additive(f"{kind}_uses", kind, "count(feature)") for kind in ("request", "interaction"))
_USED = " + ".join(f"coalesce({use.name}, 0)" for use in _USES)
_NPS = Additive("nps_scores", "feedback", "count(nps_score)")
_PROMOTERS = Additive("promoters", "feedback", "count(*) FILTER (WHERE nps_score >= 9)")
_DETRACTORS = Additive("detractors", "feedback", "count(*) FILTER (WHERE nps_score <= 6)")
_CSAT = Additive("csat_scores", "feedback", "count(csat_score)")
_SATISFIED = Additive("satisfied", "feedback", "count(*) FILTER (WHERE csat_score >= 4)")
_CSAT_SUM = Additive("csat_sum", "feedback", "sum(csat_score)")


def _feedback(sentiment: str, direction: str) -> Metric:
    name = f"feedback_{sentiment}"
    measure = Additive(name, "feedback", f"count(*) FILTER (WHERE sentiment = '{sentiment}')")
    title, doc = f"{sentiment.capitalize()} feedback", f"Feedback of {sentiment} tone."
    return Metric(name, title, "answers", direction, doc, name, (measure,), decimals=0)  # pyright: ignore[reportArgumentType]


METRICS = (
    Metric(
        "web_vital_p75", "Web vital P75", "ms or score", "down",
        "75 % of the page loads have at most this; ask it by `name`, or filtered by one: vitals cannot be mixed.",
        "web_vital_p75", (Quantile("web_vital_p75", "web_vital", "value", 0.75, rollup=""),), decimals=2,
    ),
    *(_vital(name) for name in VITAL_LIMITS),
    _rated("web_vital_good", "Good", "up", _GOOD),
    _rated("web_vital_needs_improvement", "Needs improvement", "down", f"NOT ({_GOOD}) AND {_FAIR}"),
    _rated("web_vital_poor", "Poor", "down", f"NOT ({_FAIR})"),
    Metric(
        "page_views", "Page views", "views", "up", "Views of pages.", "page_views",
        (Additive("page_views", "interaction", f"count(*) FILTER (WHERE {VIEWED})"),), decimals=0,
    ),
    Metric(
        "unique_page_views", "Unique page views", "views", "up",
        f"Distinct pairs of a session and a page viewed. {_NOTE}",
        "session_distinct_pages", (Sessions("session_distinct_pages", "distinct_pages"),), decimals=0,
    ),
    Metric("sessions", "Sessions", "sessions", "up", f"Sessions. {_NOTE}", "sessions", (SESSIONS,), decimals=0),
    _of_sessions(
        "session_duration_mean", "Mean session", "ms", "Mean time from the first to the last interaction.", "seconds",
        "1e3",
    ),
    _of_sessions(
        "bounce_rate", "Bounce rate", "%",
        "100 × sessions with one page view and no action ÷ sessions. (GA4 counts sessions that were not engaged.)",
        "bounced", "1e2", "down",
    ),
    _of_sessions("pages_per_session", "Pages a session", "pages", "Page views ÷ sessions.", "views", "1e0"),
    Metric(
        "feature_usage", "Feature usage", "events", "up", "Requests and interactions that name a feature.",
        f"nullif({_USED}, 0)", _USES, decimals=0, needs_all=False,
    ),
    Metric(
        "feature_adoption", "Feature adoption", "%", "up",
        "100 × distinct users with an event of the feature ÷ active users; ask it by `feature`.",
        "1e2 * users_active / nullif(users_of_all_features, 0)",
        (
            DistinctUsers("users_active", BY_PEOPLE),
            DistinctUsers("users_of_all_features", BY_PEOPLE, without=("feature",)),
        ),
    ),
    Metric(
        "feature_satisfaction", "Feature satisfaction", "points", "up",
        "Mean satisfaction score, 1 to 5; ask it by `feature`.", "csat_sum / nullif(csat_scores, 0)",
        (_CSAT_SUM, _CSAT), decimals=2,
    ),
    Metric(
        "nps", "Net promoter score", "points", "up",
        "Percentage of the answers that are 9 or 10, less that of 0 to 6; from −100 to 100.",
        "1e2 * (promoters - detractors) / nullif(nps_scores, 0)", (_NPS, _PROMOTERS, _DETRACTORS),
    ),
    Metric(
        "csat", "Customer satisfaction", "%", "up", "100 × answers of 4 or 5 ÷ answers on the scale of 1 to 5.",
        "1e2 * satisfied / nullif(csat_scores, 0)", (_CSAT, _SATISFIED),
    ),
    _feedback("positive", "up"),
    _feedback("neutral", "neutral"),
    _feedback("negative", "down"),
)  # fmt: skip
