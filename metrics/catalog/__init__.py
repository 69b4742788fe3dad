"""What a number means: every metric and every dimension, as rows of tables."""

from collections.abc import Mapping

from metrics.catalog import availability, errors, money, performance, usage
from metrics.catalog.dimensions import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.catalog.model import Dimension, Metric
from metrics.settings import Settings

METRICS: Mapping[str, Metric] = {
    metric.name: metric for family in (availability, performance, errors, usage, money) for metric in family.METRICS
}
"""Every metric by name, as defined when no setting says otherwise."""


def catalog(settings: Settings) -> Mapping[str, Metric]:
    """Every metric by name, with what the settings change in their definitions."""
    changed = dict(METRICS)
    if settings.errors.client_errors_count:
        changed |= {metric.name: metric for metric in errors.with_client_errors(METRICS)}
    if settings.performance.failed_requests == "exclude":
        changed |= {metric.name: metric for metric in performance.without_failed_requests(METRICS)}
    return changed


__all__ = ["ATTRIBUTE_PREFIX", "DIMENSIONS", "METRICS", "Dimension", "Metric", "catalog"]
