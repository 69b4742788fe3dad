"""Who uses the product."""

from metrics.catalog.model import DailyUsers, DistinctUsers, FirstSeenUsers, Metric

BY_PEOPLE = (
    "request",
    "llm_call",
    "prompt",
    "pipeline_run",
    "interaction",
    "web_vital",
    "feedback",
    "error",
    "security",
)
"""Event kinds that a person causes."""

METRICS = (
    Metric(
        "users_active", "Active users", "users", "up", "Distinct users with any event in the bucket.", "users_active",
        (DistinctUsers("users_active", BY_PEOPLE),), decimals=0,
    ),
    Metric(
        "dau", "Daily active users", "users", "up",
        "Distinct users with any event on the day (of the viewer's time zone) with which the bucket ends.", "dau",
        (DailyUsers("dau", BY_PEOPLE),), decimals=0,
    ),
    Metric(
        "users_new", "New users", "users", "up", "Users whose first event that passes the filters lies in the bucket.",
        "users_new", (FirstSeenUsers("users_new", BY_PEOPLE, "new"),), decimals=0, empty_is_zero=True,
    ),
    Metric(
        "users_total", "Users ever", "users", "up", "Distinct users ever seen up to the end of the bucket.",
        "users_total", (FirstSeenUsers("users_total", BY_PEOPLE, "total"),), decimals=0,
    ),
)  # fmt: skip
