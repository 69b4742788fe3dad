"""Metrics of OTLP as samples of resources: `system.*` are a host's, `process.*` those of a service on it.

A sample is what a resource said of one moment. Names are those of OpenTelemetry's semantic conventions, current and
older; other metrics are sums of what spans tell one by one, and are not kept.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import polars as pl
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint

from metrics.collect.otlp.content import Content
from metrics.collect.otlp.rows import attributes_of

Row = dict[str, Any]
Point = tuple[Mapping[str, str], float]
"""Attributes of a point and its value."""

_NUMBERS = (
    "cpu_percent", "load_average", "memory_used_mb", "memory_available_mb", "storage_used_gb", "storage_available_gb",
)  # fmt: skip
_COUNTS = ("cpu_cores", "active_connections")
OF_SAMPLES = pl.Schema(
    {
        "ts": pl.Datetime("ns", "UTC"),
        **dict.fromkeys(("host", "service", "region", "environment"), pl.String()),
        **dict.fromkeys(_NUMBERS, pl.Float64()),
        **dict.fromkeys(_COUNTS, pl.Int64()),
    }
)
"""Columns of the rows; beside them `attributes`."""
_STATES = ("cpu.mode", "system.cpu.state", "process.cpu.state", "system.memory.state", "system.filesystem.state",
           "network.connection.state", "system.network.state", "state", "type", "mode")  # fmt: skip
_CORES = ("cpu.logical_number", "system.cpu.logical_number", "cpu")
_HOSTS = ("host.name", "host.id", "k8s.node.name", "service.instance.id")
_LATEST = 2**63 - 1


def _said(point: Point, names: Iterable[str]) -> str:
    return next((point[0][name] for name in names if name in point[0]), "")


def _busy(points: list[Point]) -> float:
    """Share of the cores' time that is not idle, in percent: the mean over cores of what each says."""
    cores: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        cores[_said(point, _CORES)].append(point)
    shares: list[float] = []
    for own in cores.values():
        idle = [value for attributes, value in own if _said((attributes, value), _STATES) == "idle"]
        busy = [value for attributes, value in own if _said((attributes, value), _STATES) not in ("idle", "iowait")]
        shares.append(1 - sum(idle) if idle else sum(busy))
    return 100 * sum(shares) / len(shares)


def _in(unit: float, *states: str) -> Callable[[list[Point]], float | None]:
    """The sum of the points that are in one of these states, in a unit; of all where no states are named."""

    def total(points: list[Point]) -> float | None:
        own = [value for attributes, value in points if not states or _said((attributes, value), _STATES) in states]
        return sum(own) / unit if own else None

    return total


_MB, _GB = 1e6, 1e9
_READ: Mapping[str, tuple[tuple[str, Callable[[list[Point]], float | None]], ...]] = {
    "system.cpu.utilization": (("cpu_percent", _busy),),
    "system.cpu.load_average.1m": (("load_average", _in(1)),),
    "system.cpu.logical.count": (("cpu_cores", _in(1)),),
    "system.memory.usage": (
        ("memory_used_mb", _in(_MB, "used")),
        ("memory_available_mb", _in(_MB, "free", "cached", "buffered", "buffers", "inactive")),
    ),
    "system.filesystem.usage": (
        ("storage_used_gb", _in(_GB, "used")), ("storage_available_gb", _in(_GB, "free")),
    ),
    "system.network.connections": (("active_connections", _in(1, "ESTABLISHED", "established")),),
    "system.network.connection.count": (("active_connections", _in(1, "ESTABLISHED", "established")),),
    "process.cpu.utilization": (("cpu_percent", _busy),),
    "process.memory.usage": (("memory_used_mb", _in(_MB)),),
}  # fmt: skip


def rows_of_samples(request: ExportMetricsServiceRequest, content: Content) -> Iterator[Row]:
    """A row for each moment of which a resource told, of its host and of a service on it."""
    for resource in request.resource_metrics:
        shared = attributes_of(resource.resource.attributes, content)
        told: dict[tuple[bool, int], dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name in _READ:
                    for point in _points(metric):
                        moment = (metric.name.startswith("process."), min(point.time_unix_nano, _LATEST))
                        told[moment][metric.name].append((attributes_of(point.attributes, content), _value(point)))
        for (is_process, time), metrics in told.items():
            yield _row(shared, is_process, time, metrics)


def _points(metric: Metric) -> Iterable[NumberDataPoint]:
    return metric.gauge.data_points if metric.HasField("gauge") else metric.sum.data_points


def _value(point: NumberDataPoint) -> float:
    return float(point.as_int) if point.HasField("as_int") else point.as_double


def _row(shared: Mapping[str, str], is_process: bool, time: int, metrics: Mapping[str, list[Point]]) -> Row:
    host = next((shared[name] for name in _HOSTS if name in shared), None)
    service = shared.get("service.name")
    if is_process:  # what a process takes is not what its host has left
        host = "/".join(part for part in (host, service or "process", shared.get("process.pid")) if part)
    row: Row = {
        "ts": time or None,
        "host": host,
        "service": service,
        "region": shared.get("cloud.region"),
        "environment": shared.get("deployment.environment.name", shared.get("deployment.environment")),
        "attributes": shared,
    }
    for name, points in metrics.items():
        for column, read in _READ[name]:
            value = read(points)
            row[column] = int(value) if value is not None and column in _COUNTS and abs(value) < _LATEST else value
    return row
