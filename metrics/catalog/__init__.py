"""What a number means: every metric and every dimension, as rows of tables."""

from collections.abc import Mapping, Sequence

from metrics.catalog import availability, errors, experience, money, operations, performance, prompts, usage
from metrics.catalog.dimensions import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.catalog.model import Dimension, Metric
from metrics.catalog.own import MetricsError, own_metrics
from metrics.events.entries import Problem
from metrics.settings import Settings

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for family in (availability, performance, errors, usage, prompts, experience, money, operations)
    for metric in family.METRICS
}
"""Every metric by name, as defined when no setting says otherwise."""


def catalog(settings: Settings, *, own: bool = True) -> Mapping[str, Metric]:
    """Every metric by name, with what the settings change in their definitions, and the home's own if asked for.

    Of the home's own, those that cannot be used are left out: `own_problems` says why.

    Raises:
        MetricsError: the home's `metrics.yaml` is no list of metrics at all.
    """
    changed = dict(METRICS)
    if settings.errors.client_errors_count:
        changed |= {metric.name: metric for metric in errors.with_client_errors(METRICS)}
    if settings.performance.failed_requests == "exclude":
        changed |= {metric.name: metric for metric in performance.without_failed_requests(METRICS)}
    changed |= {metric.name: metric for metric in availability.with_target(METRICS, settings.slo.availability_target)}
    changed |= {metric.name: metric for metric in money.return_on_investment(settings.money)}
    if own:
        changed |= own_metrics(settings.home, METRICS).metrics
    return changed


def own_problems(settings: Settings) -> Sequence[Problem]:
    """What is wrong with metrics of the home's own, which are left out. Raises MetricsError as `catalog` does."""
    return own_metrics(settings.home, METRICS).problems


__all__ = [
    "ATTRIBUTE_PREFIX",
    "DIMENSIONS",
    "METRICS",
    "Dimension",
    "Metric",
    "MetricsError",
    "catalog",
    "own_problems",
]
