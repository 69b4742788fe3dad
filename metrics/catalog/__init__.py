"""What a number means: every metric and every dimension, as rows of tables."""

from collections.abc import Mapping

from metrics.catalog import availability, errors, money, performance, usage
from metrics.catalog.dimensions import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.catalog.model import Dimension, Metric

METRICS: Mapping[str, Metric] = {
    metric.name: metric for family in (availability, performance, errors, usage, money) for metric in family.METRICS
}
"""Every metric by name."""

__all__ = ["ATTRIBUTE_PREFIX", "DIMENSIONS", "METRICS", "Dimension", "Metric"]
