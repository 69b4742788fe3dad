"""What happens to the product from within and from outside: changes made to it, and acts that concern its security."""

from metrics.catalog.model import Additive, Metric

CHANGES = Additive("changes", "change", "count(*)")
SECURITY_EVENTS = Additive("security_events", "security", "count(*)")

METRICS = (
    Metric(
        "changes", "Changes", "changes", "neutral",
        "Deployments, configuration changes, maintenance and declared incidents, by when they began; ask it by "
        "`change_type`.",
        CHANGES.name, (CHANGES,), decimals=0,
    ),
    Metric(
        "security_events", "Security events", "events", "down",
        "Acts that concern security, such as failed logins; ask it by `action` or `outcome`.",
        SECURITY_EVENTS.name, (SECURITY_EVENTS,), decimals=0,
    ),
)  # fmt: skip
