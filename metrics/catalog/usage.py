"""Who uses the product."""

from metrics.catalog.model import DailyUsers, DistinctUsers, FirstSeenUsers, Metric, RetainedUsers

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

ACTIVE = DistinctUsers("users_active", BY_PEOPLE)
DAILY = DailyUsers("dau", BY_PEOPLE)
MONTHLY = DailyUsers("mau", BY_PEOPLE, days=30)
NEW = FirstSeenUsers("users_new", BY_PEOPLE, "new")


def _retention(day: int) -> Metric:
    cohort = RetainedUsers(f"cohort_d{day}", BY_PEOPLE, day, "cohort")
    returned = RetainedUsers(f"returned_d{day}", BY_PEOPLE, day, "returned")
    return Metric(
        f"retention_d{day}", f"Day {day} retention", "%", "up",
        f"Of the users whose first day (of the viewer's time zone) lies in the bucket: the share active exactly {day} "
        f"day{'s' if day > 1 else ''} later. Only days that are over by the end of the window count.",
        f"1e2 * {returned.name} / nullif({cohort.name}, 0)", (cohort, returned),
    )  # fmt: skip


METRICS = (
    Metric(
        "users_active", "Active users", "users", "up", "Distinct users with any event in the bucket.", "users_active",
        (ACTIVE,), decimals=0,
    ),
    Metric(
        "dau", "Daily active users", "users", "up",
        "Distinct users with any event on the day (of the viewer's time zone) with which the bucket ends.", "dau",
        (DAILY,), decimals=0,
    ),
    Metric(
        "wau", "Weekly active users", "users", "up",
        "Distinct users with any event in the 7 days that end with the last day of the bucket.", "wau",
        (DailyUsers("wau", BY_PEOPLE, days=7),), decimals=0,
    ),
    Metric(
        "mau", "Monthly active users", "users", "up",
        "Distinct users with any event in the 30 days that end with the last day of the bucket.", "mau",
        (MONTHLY,), decimals=0,
    ),
    Metric(
        "stickiness", "Stickiness", "%", "up", "100 × daily ÷ monthly active users.",
        "1e2 * dau / nullif(mau, 0)", (DAILY, MONTHLY),
    ),
    Metric(
        "users_new", "New users", "users", "up", "Users whose first event that passes the filters lies in the bucket.",
        "users_new", (NEW,), decimals=0, empty_is_zero=True,
    ),
    Metric(
        "users_returning", "Returning users", "users", "up",
        "Active users of the bucket whose first event lies before it.",
        "users_active - coalesce(users_new, 0)", (ACTIVE, NEW), decimals=0,
    ),
    Metric(
        "users_total", "Users ever", "users", "up", "Distinct users ever seen up to the end of the bucket.",
        "users_total", (FirstSeenUsers("users_total", BY_PEOPLE, "total"),), decimals=0,
    ),
    *(_retention(day) for day in (1, 7, 30)),
)  # fmt: skip
