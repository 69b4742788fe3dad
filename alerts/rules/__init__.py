"""What is watched: the rules, as they stand in YAML."""

from alerts.rules.model import (
    CHANNELS,
    KINDS,
    WINDOWS,
    Absent,
    AlertRule,
    Anomaly,
    Budget,
    Burn,
    BurnRate,
    Change,
    Composite,
    Dynamic,
    EscalationStep,
    Forecast,
    Priority,
    Static,
    Suppression,
    Target,
)

__all__ = [
    "CHANNELS", "KINDS", "WINDOWS", "Absent", "AlertRule", "Anomaly", "Budget", "Burn", "BurnRate",
    "Change", "Composite", "Dynamic", "EscalationStep", "Forecast", "Priority", "Static", "Suppression",
    "Target",
]  # fmt: skip
