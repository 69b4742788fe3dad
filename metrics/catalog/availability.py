"""Whether the product can be used."""

from metrics.catalog.model import Metric, MinuteSlots

METRICS = (
    Metric(
        "uptime", "Uptime", "%", "up",
        "100 × (observed − down) ÷ observed one-minute slots. A slot is down when a critical component is; a component "
        "without a probe keeps its last state for 5 minutes, then it is unknown.",
        "1e2 * (slots_observed - slots_down) / nullif(slots_observed, 0)",
        (MinuteSlots("slots_observed", "observed"), MinuteSlots("slots_down", "down")), decimals=3,
    ),
)  # fmt: skip
